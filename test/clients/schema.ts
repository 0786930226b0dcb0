import { readFileSync } from 'node:fs'
import { buildSchema } from 'graphql'

/** The published schema, as integrators have it. */
export const schemaFile = new URL('../../schema.graphql', import.meta.url)
export const schema = buildSchema(readFileSync(schemaFile, 'utf8'))
