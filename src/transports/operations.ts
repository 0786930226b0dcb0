/**
 * What the transports that do not go Yoga's way have in common: parsing and rules as Yoga hands them out, each document once,
 * and compiled code for what is asked for often. See docs/decisions/006.
 */
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import { LRUCache } from 'lru-cache'
import { createContext, type Context, type Credentials, type Services } from '../context.ts'
import { compiledOf, runCompiled } from '../schema/compiled.ts'
import { presented, type ReportBug } from '../schema/errors.ts'
import type { Meter } from '../schema/meter.ts'
import { envelop, type Yoga } from './yoga.ts'

/** Valid documents that are kept, and how many characters of them. */
const DOCUMENTS_MAX = 1_000
const CHARACTERS_MAX = 4_000_000

export interface Operations {
  /**
   * The document, or what is wrong with it.
   * @throws GraphQLError when it cannot be read or is too long
   */
  documentOf: (query: string) => DocumentNode | readonly GraphQLError[]
  contextOf: (credentials: Credentials) => Promise<Context>
  /** Runs a query or mutation. Errors are as clients may see them. */
  execute: (args: ExecutionArgs) => Promise<ExecutionResult>
}

export interface OperationsOptions {
  yoga: Yoga
  services: Services
  meter: Meter
  /** Hears of what a client is not told. */
  onBug: ReportBug
}

export function createOperations({ yoga, services, meter, onBug }: OperationsOptions): Operations {
  const documents = new LRUCache<string, DocumentNode>({
    max: DOCUMENTS_MAX,
    maxSize: CHARACTERS_MAX,
    sizeCalculation: (_, query) => query.length + 1,
  })
  return {
    documentOf: (query) => {
      const kept = documents.get(query)
      if (kept) return kept
      const enveloped = envelop(yoga)
      const document = enveloped.parse(query)
      const errors = enveloped.validate(enveloped.schema, document)
      if (errors.length > 0) return errors
      documents.set(query, document)
      return document
    },
    contextOf: (credentials) => createContext(services, credentials),
    execute: async (args) => {
      const compiled = compiledOf(args)
      const startedAt = performance.now()
      const result = compiled && (await runCompiled(compiled, args))
      // What Yoga executes is counted there.
      if (!result) return envelop(yoga).execute(args)
      meter.ran(args, startedAt, result)
      return presented(result, args.contextValue as Context, onBug)
    },
  }
}
