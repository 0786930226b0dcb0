/** The one way to run an operation, for every transport: parse, validate, authenticate, limit, execute, mask, count. */
import {
  getOperationAST,
  OperationTypeNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import type { TraceRequest } from '../domain/trace.ts'
import { createContext, type Context, type Credentials, type Services } from '../resolvers/context.ts'
import { yieldIfLarge } from '../schema/list-values.ts'
import { operationErrors, unknownOperation } from './complexity.ts'
import type { DocumentCache } from './document-cache.ts'
import { executeOperation } from './execute.ts'
import { codeOf, maskResult, type ReportBug } from './mask-errors.ts'
import { OTHER, outcomeOf, rootFieldName, type OperationMetrics } from './operation-metrics.ts'
import { checkParams, type OperationParams } from './params.ts'
import type { PersistedDocuments } from './persisted-documents.ts'
import { isStream, type Stream } from './result-stream.ts'
import type { Subscribe } from './subscriptions.ts'

/** What a transport knows about the client of an operation. */
export interface OperationClient {
  credentials: Credentials
  /** @throws GraphQLError: the transport does not carry operations of this type */
  checkType?: (type: OperationTypeNode) => void
  /** Called right before the operation is executed. @throws Problem: the client may not start it */
  admit?: (context: Context) => void
  /** Aborted when the client has disconnected; called for subscriptions only. Undefined: the transport ends the stream. */
  signal?: () => AbortSignal
}

export interface Operations {
  /**
   * Runs an operation. Never rejects.
   * @returns the result, or the results of a subscription, with errors as the client may see them
   */
  run: (params: OperationParams, client: OperationClient) => Promise<ExecutionResult | Stream>
  /** The result of an operation that the transport refuses to run. */
  reject: (errors: readonly unknown[], client: OperationClient) => ExecutionResult
  /** Whether these parameters name a query, a mutation or a subscription; undefined: they cannot be read. */
  typeOf: (params: OperationParams) => OperationTypeNode | undefined
}

export interface OperationsOptions {
  schema: GraphQLSchema
  services: Services
  documents: DocumentCache
  persisted: PersistedDocuments
  subscribe: Subscribe
  metrics: OperationMetrics
  /** Logs an error that the client does not see. */
  onBug: ReportBug
  /** Undefined: operations are not traced. */
  traceRequest?: TraceRequest | undefined
}

export function createOperations(options: OperationsOptions): Operations {
  const { schema, services, documents, persisted, subscribe, metrics, onBug, traceRequest } = options

  /** Executes an operation and counts it under its own name. */
  async function start(args: ExecutionArgs, operation: OperationDefinitionNode, client: OperationClient) {
    const context = args.contextValue as Context
    const name = rootFieldName(operation)
    const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION
    const startedAt = performance.now()
    const execute = async (): Promise<ExecutionResult | Stream> => {
      const errors = operationErrors(args)
      if (errors) return { errors }
      return isSubscription ? subscribe(args, client.signal?.()) : executeOperation(documents.use(args), args)
    }
    const result = await execute().catch((error: unknown) => ({ errors: [error as GraphQLError] }))
    const ms = isSubscription ? undefined : performance.now() - startedAt
    if (isStream(result)) {
      metrics.record(name, 'ok', ms)
      return result
    }
    metrics.record(name, outcomeOf(result, context), ms)
    await yieldIfLarge(context)
    return maskResult(result, onBug, context)
  }

  function traced(args: ExecutionArgs, operation: OperationDefinitionNode, client: OperationClient) {
    if (!traceRequest) return start(args, operation, client)
    const { requestId, traceparent } = client.credentials
    return traceRequest({
      name: `${operation.operation} ${rootFieldName(operation)}`,
      attributes: {
        'graphql.operation.type': operation.operation,
        ...(requestId === undefined ? {} : { 'stagedoor.request_id': requestId }),
      },
      traceparent,
      run: () => start(args, operation, client),
      errorMessageOf: (result) => (isStream(result) || !result.errors ? undefined : codeOf(result.errors[0])),
    })
  }

  /** Nothing of the operation was executed. */
  function reject(errors: readonly unknown[], { credentials }: OperationClient): ExecutionResult {
    const result = { errors: errors as readonly GraphQLError[] }
    metrics.record(OTHER, outcomeOf(result))
    return maskResult(result, onBug, credentials)
  }

  async function run(params: OperationParams, client: OperationClient) {
    try {
      const { query, hash, operationName, variables } = checkParams(params)
      const text = persisted.resolve({ query, hash })
      const document = documents.parse(text)
      const operation = getOperationAST(document, operationName)
      if (!operation) throw unknownOperation()
      client.checkType?.(operation.operation)
      const errors = documents.validate(document)
      if (errors.length > 0) return reject(errors, client)
      const contextValue = await createContext(services, client.credentials)
      client.admit?.(contextValue)
      const args = { schema, document, operationName, variableValues: variables, contextValue }
      const result = await traced(args, operation, client)
      if (query !== undefined && hash !== undefined && documents.has(text)) persisted.keep(hash, text)
      return result
    } catch (error) {
      return reject([error], client)
    }
  }

  return {
    run,
    reject,
    typeOf: (params) => {
      try {
        const { query, hash, operationName } = checkParams(params)
        const document = documents.parse(persisted.resolve({ query, hash }))
        return getOperationAST(document, operationName)?.operation
      } catch {
        return undefined
      }
    },
  }
}
