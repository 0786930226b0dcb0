/** Prints the schema for clients. schema.graphql is a copy of it: `npm run schema` renews it. */
import { printSchema } from 'graphql'
import { createSchema } from '../src/schema/index.ts'

console.log(printSchema(createSchema({ signUp: true })))
