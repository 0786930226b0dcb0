/** Documents, each parsed, validated and compiled once while it is kept, for all transports. */
import { GraphQLError, parse, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from 'graphql'
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit'
import { LRUCache } from 'lru-cache'
import { countJitFields } from './jit.ts'
import { createValidation, LINES_MAX, TOKENS_MAX, type ValidationOptions } from './document-limits.ts'

/** Memory for documents and compiled operations together. */
const BYTES_MAX = 32 * 1024 * 1024
/** Memory of a document, measured with Node 20: at most 506 bytes for each token, 88 for a comment. */
const TOKEN_BYTES = 550
const COMMENT_BYTES = 100
/** Memory of a compiled operation, measured the same way: 3,600 bytes, and at most 4,800 for each field. */
const COMPILED_BYTES = 4_000
const COMPILED_FIELD_BYTES = 5_000
/** Executions before an operation is compiled, which takes longer than a hundred executions. */
const USES_BEFORE_JIT = 2

interface Entry {
  readonly document: DocumentNode
  bytes: number
  uses: number
  /** Null: graphql-js executes it. */
  compiled: CompiledQuery | null
}

export interface DocumentCache {
  /**
   * The document of a text, from the cache or parsed.
   * @throws GraphQLError for a syntax error, too many tokens or too many lines
   */
  parse: (text: string) => DocumentNode
  /** The errors of a document; none if it may be executed. */
  validate: (document: DocumentNode) => readonly GraphQLError[]
  /**
   * Keeps a valid document whose operation is about to be executed: refused documents are neither kept nor compiled.
   * @returns the operation as compiled code, if it has been executed before and can be compiled
   */
  use: (args: Pick<ExecutionArgs, 'document'>) => CompiledQuery | null
  /** Is the document of this text kept? */
  has: (text: string) => boolean
  /** Estimated memory of all that is kept. */
  bytes: () => number
}

export function createDocumentCache(schema: GraphQLSchema, options: ValidationOptions): DocumentCache {
  const findErrors = createValidation(schema, options)
  const kept = new LRUCache<string, Entry>({ maxSize: BYTES_MAX, sizeCalculation: ({ bytes }) => bytes })
  const entries = new WeakMap<DocumentNode, Entry>()

  function compile(entry: Entry): void {
    const fields = countJitFields(schema, entry.document)
    if (fields === 0) return
    const compiled = compileQuery(schema, entry.document)
    if (!isCompiledQuery(compiled)) return
    entry.compiled = compiled
    entry.bytes += COMPILED_BYTES + fields * COMPILED_FIELD_BYTES
  }

  return {
    parse: (text) => kept.get(text)?.document ?? parseDocument(text),
    validate: (document) => (entries.has(document) ? [] : findErrors(document)),
    use: ({ document }) => {
      const entry = entries.get(document) ?? {
        document,
        bytes: estimateBytes(document),
        uses: 0,
        compiled: null,
      }
      entry.uses += 1
      const text = document.loc?.source.body
      if (text === undefined || entry.uses > USES_BEFORE_JIT + 1) return entry.compiled
      if (entry.uses > USES_BEFORE_JIT) compile(entry)
      entries.set(document, entry)
      kept.set(text, entry)
      return entry.compiled
    },
    has: (text) => kept.has(text),
    bytes: () => kept.calculatedSize,
  }
}

/** @throws GraphQLError */
function parseDocument(text: string): DocumentNode {
  // As graphql-js counts them.
  if ((text.match(/\r\n|[\n\r]/g)?.length ?? 0) >= LINES_MAX)
    throw new GraphQLError(`A document can be at most ${LINES_MAX} lines long.`)
  return parse(text, { maxTokens: TOKENS_MAX })
}

/** Estimated memory of a parsed document, its text included. Comments are kept as tokens too, but not counted as such. */
function estimateBytes({ loc, tokenCount = 0 }: DocumentNode): number {
  let tokens = 0
  for (let token = loc?.startToken; token; token = token.next ?? undefined) tokens += 1
  const comments = Math.max(0, tokens - tokenCount)
  return 2 * (loc?.source.body.length ?? 0) + tokenCount * TOKEN_BYTES + comments * COMMENT_BYTES
}
