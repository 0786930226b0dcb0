/**
 * Automatic persisted queries: a client sends a document once with its SHA-256, and from then on the hash alone
 * (https://www.apollographql.com/docs/apollo-server/performance/apq#operation-format).
 */
import { createHash } from 'node:crypto'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import { Problem } from '../domain/problem.ts'
import type { DocumentCache } from './document-cache.ts'

/** Documents by their SHA-256, in hexadecimal. */
export type PersistedDocuments = LRUCache<string, string>

const BYTES_MAX = 8 * 1024 * 1024
/** Of an entry beside its text. */
const ENTRY_BYTES = 300

export const createPersistedDocuments = (): PersistedDocuments =>
  new LRUCache({ maxSize: BYTES_MAX, sizeCalculation: (text) => 2 * text.length + ENTRY_BYTES })

/** The hash that a request names. Clients send other extensions beside it: Apollo Client 4 `clientLibrary`. */
export function hashFrom(extensions: unknown): string | undefined {
  const { persistedQuery } = (extensions ?? {}) as Record<string, unknown>
  const { version, sha256Hash } = (persistedQuery ?? {}) as Record<string, unknown>
  return version === 1 && typeof sha256Hash === 'string' ? sha256Hash : undefined
}

/**
 * Remembers documents that come with their hash, once they have been executed, and puts them in where only the hash comes.
 * @param documents knows which have been
 */
export function usePersistedDocuments(persisted: PersistedDocuments, documents: DocumentCache): Plugin {
  /** The hashes of documents that came with them, and were right. */
  const named = new WeakMap<object, string>()
  return {
    onParams: ({ params, setParams }) => {
      const hash = hashFrom(params.extensions)
      if (hash === undefined) return
      const query: unknown = params.query === undefined ? persisted.get(hash) : params.query
      // What is no document is for Yoga to refuse, with or without a hash.
      if (query !== undefined && (typeof query !== 'string' || query === '')) return
      // The message that clients of the protocol know.
      if (query === undefined) throw new Problem('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
      if (createHash('sha256').update(query).digest('hex') !== hash) {
        throw new Problem('BAD_INPUT', 'The document is not the one of this hash.')
      }
      const withQuery = { ...params, query }
      named.set(withQuery, hash)
      setParams(withQuery)
    },
    onExecutionResult: ({ context }) => {
      const { params } = context as { params?: { query?: string } }
      const hash = params && named.get(params)
      if (hash !== undefined && documents.has(params?.query ?? '')) persisted.set(hash, params?.query ?? '')
    },
  }
}
