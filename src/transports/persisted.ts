/**
 * Automatic persisted queries: a client sends a document once with its SHA-256, and from then on the hash alone
 * (https://www.apollographql.com/docs/apollo-server/performance/apq#operation-format).
 */
import { createHash } from 'node:crypto'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import { Problem } from '../domain/problem.ts'

/** Documents by their SHA-256, in hexadecimal. */
export type PersistedDocuments = LRUCache<string, string>

const DOCUMENTS_MAX = 1_000
const CHARACTERS_MAX = 4_000_000

export const createPersistedDocuments = (): PersistedDocuments =>
  new LRUCache({ max: DOCUMENTS_MAX, maxSize: CHARACTERS_MAX, sizeCalculation: (text) => text.length })

/** The hash that a request names. Clients send other extensions beside it: Apollo Client 4 `clientLibrary`. */
export function hashIn(extensions: unknown): string | undefined {
  const { persistedQuery } = (extensions ?? {}) as Record<string, unknown>
  const { version, sha256Hash } = (persistedQuery ?? {}) as Record<string, unknown>
  return version === 1 && typeof sha256Hash === 'string' ? sha256Hash : undefined
}

/** Remembers documents that come with their hash, and puts them in where only the hash comes. */
export const persistedQueries = (documents: PersistedDocuments): Plugin => ({
  onParams: ({ params, setParams }) => {
    const hash = hashIn(params.extensions)
    if (hash === undefined) return
    const query: unknown = params.query === undefined ? documents.get(hash) : params.query
    // What is no document is for Yoga to refuse, with or without a hash.
    if (query !== undefined && (typeof query !== 'string' || query === '')) return
    // The message that clients of the protocol know.
    if (query === undefined) throw new Problem('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
    if (createHash('sha256').update(query).digest('hex') !== hash) {
      throw new Problem('BAD_INPUT', 'The document is not the one of this hash.')
    }
    documents.set(hash, query)
    setParams({ ...params, query })
  },
})
