/**
 * Automatic persisted queries: a client sends a document once with its SHA-256, and from then on the hash alone
 * (https://www.apollographql.com/docs/apollo-server/performance/apq#operation-format).
 */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Problem } from '../domain/problem.ts'
import type { CheckedParams } from './params.ts'

export interface PersistedDocuments {
  /**
   * The text of the document.
   * @throws Problem PERSISTED_QUERY_NOT_FOUND; BAD_INPUT for a text that does not have this hash
   */
  resolve(params: Pick<CheckedParams, 'query' | 'hash'>): string
  /** Keeps a document that was sent with its hash. Only valid documents may be kept: see run-operation.ts. */
  keep(hash: string, query: string): void
}

const BYTES_MAX = 8 * 1024 * 1024
/** Memory of an entry, without its text. */
const ENTRY_BYTES = 300

export function createPersistedDocuments(): PersistedDocuments {
  const texts = new LRUCache<string, string>({
    maxSize: BYTES_MAX,
    sizeCalculation: (text) => 2 * text.length + ENTRY_BYTES,
  })
  return {
    resolve: ({ query, hash }) => {
      const text = query ?? texts.get(hash ?? '')
      // The message that clients of this protocol look for.
      if (text === undefined) throw new Problem('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
      if (query !== undefined && hash !== undefined && sha256(query) !== hash) {
        throw new Problem('BAD_INPUT', 'The document is not the one of this hash.')
      }
      return text
    },
    keep: (hash, query) => void texts.set(hash, query),
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
