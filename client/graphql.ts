/** GraphQL documents with types: gql.tada reads them from introspection.d.ts, which `npm run schema` writes. */
import { initGraphQLTada, type TadaDocumentNode } from 'gql.tada'
import type { introspection } from './introspection.d.ts'

export type { ResultOf, VariablesOf } from 'gql.tada'
/** Also a TypedDocumentNode, which Apollo Client, urql and Relay's tools take. */
export type TypedDocument<Data, Variables> = TadaDocumentNode<Data, Variables>

export const graphql = initGraphQLTada<{
  introspection: introspection
  scalars: { DateTime: string; Points: number; ID: string }
  disableMasking: true
}>()
