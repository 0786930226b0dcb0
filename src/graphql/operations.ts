/** How the transports read, prepare and run operations. */
import type { DocumentNode, GraphQLError } from 'graphql'
import { createContext, type Context, type Credentials, type Services } from '../resolvers/context.ts'
import type { DocumentCache } from './document-cache.ts'
import type { Execute } from './execute.ts'

export interface Operations {
  /**
   * The document, or what is wrong with it.
   * @throws GraphQLError when it cannot be read or is too long
   */
  documentOf: (query: string) => DocumentNode | readonly GraphQLError[]
  contextOf: (credentials: Credentials) => Promise<Context>
  /** Runs a query or mutation. Errors are as clients may see them. */
  execute: Execute
}

export interface OperationsOptions {
  services: Services
  documents: DocumentCache
  execute: Execute
}

export const createOperations = ({ services, documents, execute }: OperationsOptions): Operations => ({
  documentOf: (query) => {
    const document = documents.parse(query)
    const errors = documents.validate(document)
    return errors.length > 0 ? errors : document
  },
  contextOf: (credentials) => createContext(services, credentials),
  execute,
})
