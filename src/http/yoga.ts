/** Yoga: what is unusual over HTTP. Documents are read and operations executed as for the other transports. */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLSchema, Source } from 'graphql'
import { createContext, type Context, type Credentials, type Services } from '../resolvers/context.ts'
import { Problem } from '../domain/problem.ts'
import type { DocumentCache } from '../graphql/document-cache.ts'
import { maskError, type ReportBug } from '../graphql/mask-errors.ts'
import type { Execute } from '../graphql/execute.ts'
import type { OperationMetrics } from '../graphql/operation-metrics.ts'
import { clientAddress } from './client-address.ts'
import { corsOptions } from './cors.ts'
import { graphiqlOptions } from './graphiql.ts'
import { requestIdFromHeader, requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'
import { usePersistedDocuments, type PersistedDocuments } from '../graphql/persisted-documents.ts'

/** What Yoga gets with a request: who asks stands in it. */
interface ServerContext {
  req: IncomingMessage
}

export type Yoga = YogaServerInstance<ServerContext, Context>

export interface YogaOptions {
  schema: GraphQLSchema
  services: Services
  persisted: PersistedDocuments
  /** GraphiQL, which is a door for people: not in production. */
  graphiql: boolean
  documents: DocumentCache
  execute: Execute
  metrics: OperationMetrics
  /** Hears of what a client is not told. */
  onBug: ReportBug
  trustedProxies: number
  /** Where browsers may come from; null: from anywhere. */
  allowedOrigins: readonly string[] | null
}

export const createYogaHandler = (options: YogaOptions): Yoga => {
  const { schema, services, persisted, documents, onBug, graphiql, trustedProxies, allowedOrigins } = options
  return createYoga<ServerContext, Context>({
    schema,
    // Yoga copies what it is given, and only what is the object's own.
    context: async ({ req }) => ({
      ...services,
      ...(await createContext(services, credentialsFromRequest(req, trustedProxies))),
    }),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    // body.ts bounds it: Yoga's own limit would pipe every body through a stream.
    maxRequestBodySize: false,
    cors: corsOptions(allowedOrigins),
    graphiql:
      graphiql && (async () => graphiqlOptions(services.config.chargesBy, await guestToken(services))),
    renderGraphiQL,
    logging: false,
    parserAndValidationCache: false, // documents.ts has one, with a bound
    maskedErrors: {
      maskError: (error) => maskError(error, onBug),
    },
    plugins: [
      usePersistedDocuments(persisted, documents),
      useDocumentCache(documents),
      useExecutor(options.execute),
      useMetrics(options.metrics),
      useRequestId,
    ],
  })
}

/** Has documents parsed and validated like those of the other transports. */
const useDocumentCache = (documents: DocumentCache): Plugin => ({
  onParse: ({ setParseFn }) =>
    setParseFn((source: string | Source) =>
      documents.parse(typeof source === 'string' ? source : source.body),
    ),
  onValidate: ({ setValidationFn }) =>
    setValidationFn((_: GraphQLSchema, document: DocumentNode) =>
      documents.validate(document).map((error) => maskError(error, () => '')),
    ),
})

/** Has operations run like those of the other transports. */
const useExecutor = (execute: Execute): Plugin => ({
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
  // Subscriptions are started by event-stream.ts and websocket.ts only; what is left is a request that they do not read.
  onSubscribe: ({ setSubscribeFn }) =>
    setSubscribeFn(() => {
      throw new Problem(
        'BAD_INPUT',
        'Send a subscription as application/json and accept text/event-stream, or use a WebSocket.',
      )
    }),
})

/** Has an answer with errors say under which id they can be found. */
const useRequestId: Plugin<object, { res?: ServerResponse; req?: IncomingMessage }> = {
  onResultProcess: ({ result, serverContext: { req, res } }) => {
    if ('errors' in result && req && res) res.setHeader(REQUEST_ID_HEADER, requestIdFor(req, result.errors))
  },
}

/** Counts what comes over HTTP and is not fit to be executed; what is executed is counted there. */
function useMetrics(meter: OperationMetrics): Plugin {
  const begun = new WeakSet()
  const begin = ({ args }: { args: ExecutionArgs }): void => {
    begun.add((args.contextValue as { params: object }).params)
  }
  return {
    onExecute: begin,
    onSubscribe: begin,
    onExecutionResult: ({ result, context }) => {
      const { errors } = result as ExecutionResult
      const { params } = context as { params?: object }
      if (errors && !(params && begun.has(params))) meter.recordRejected(errors)
    },
  }
}

/** What an HTTP request shows. */
export const credentialsFromRequest = (request: IncomingMessage, trustedProxies: number): Credentials => ({
  authorization: request.headers.authorization,
  queueToken: request.headers['x-queue-token']?.toString(),
  address: clientAddress(request, trustedProxies),
  requestId: requestIdFromHeader(request),
  traceparent: request.headers['traceparent']?.toString(),
})

const GUEST_SECONDS = 24 * 60 * 60

/** An identity for whoever explores, so that they can start at once. */
const guestToken = ({ auth, newId }: Services): Promise<string> | undefined =>
  auth.canIssue ? auth.issue({ userId: newId(), role: 'buyer' }, GUEST_SECONDS) : undefined
