/** GraphQL documents with types: `npm run schema` writes introspection.d.ts from the schema, and tsc checks every document against it. */
import { initGraphQLTada } from 'gql.tada'
import type { introspection } from './introspection.d.ts'

export type { ResultOf, VariablesOf, TadaDocumentNode } from 'gql.tada'

export const graphql = initGraphQLTada<{
  introspection: introspection
  scalars: { DateTime: string; Points: number; ID: string }
  disableMasking: true
}>()
