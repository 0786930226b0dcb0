/** Prints the schema that clients see. test/schema.graphql is a copy of it: `npm run schema` makes it anew. */
import { printSchema } from 'graphql'
import { createSchema } from '../src/schema/index.ts'

console.log(printSchema(createSchema({ signUp: true })))
