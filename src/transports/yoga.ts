/** Yoga: parsing and rules for every way in, and all of the way for what is unusual over HTTP. See operations.ts for the rest. */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql'
import { createContext, type Context, type Credentials, type Services } from '../context.ts'
import { Problem } from '../domain/problem.ts'
import type { TraceWhole } from '../domain/trace.ts'
import { presentable, presented, type ReportBug } from '../schema/errors.ts'
import { limitPlugins, type LimitOptions } from '../schema/limits.ts'
import type { Meter } from '../schema/meter.ts'
import { addressOf } from './address.ts'
import { corsOptions } from './cors.ts'
import { graphiqlOptions } from './graphiql.ts'
import { givenName, nameOf, REQUEST_ID } from './request-id.ts'
import { tracesExecution } from './traced.ts'
import { persistedQueries, type PersistedDocuments } from './persisted.ts'

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
  limits: LimitOptions
  meter: Meter
  /** Hears of what a client is not told. */
  onBug: ReportBug
  /** Undefined: nobody wants to know. */
  traceWhole: TraceWhole | undefined
  trustedProxies: number
  /** Where browsers may come from; null: from anywhere. */
  allowedOrigins: readonly string[] | null
}

export const createPipeline = (options: YogaOptions): Yoga => {
  const { schema, services, persisted, onBug, graphiql, limits, trustedProxies, allowedOrigins } = options
  return createYoga<ServerContext, Context>({
    schema,
    // Yoga copies what it is given, and only what is the object's own.
    context: async ({ req }) => ({
      ...services,
      ...(await createContext(services, credentialsOf(req, trustedProxies))),
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
    maskedErrors: {
      maskError: (error) => presentable(error, onBug),
    },
    plugins: [
      persistedQueries(persisted),
      ...limitPlugins(limits),
      subscribesElsewhere,
      counts(options.meter, onBug),
      namesErrors,
      ...(options.traceWhole ? [tracesExecution(options.traceWhole)] : []),
    ],
  })
}

/** What Yoga does with one operation, as it hands it out. */
interface Envelope {
  schema: GraphQLSchema
  parse: (source: string) => DocumentNode
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[]
  execute: (args: ExecutionArgs) => Promise<ExecutionResult>
}

/** Whoever asks: that stands in the context, which is made elsewhere. */
export const envelop = (yoga: Yoga): Envelope => yoga.getEnveloped()

/** Subscriptions are started by event-stream.ts and websocket.ts only; what is left is a request that they do not read. */
const subscribesElsewhere: Plugin = {
  onSubscribe: ({ setSubscribeFn }) =>
    setSubscribeFn(() => {
      throw new Problem(
        'BAD_INPUT',
        'Send a subscription as application/json and accept text/event-stream, or use a WebSocket.',
      )
    }),
}

/** Has an answer with errors say under which id they can be found. */
const namesErrors: Plugin<object, { res?: ServerResponse; req?: IncomingMessage }> = {
  onResultProcess: ({ result, serverContext: { req, res } }) => {
    if ('errors' in result && req && res) res.setHeader(REQUEST_ID, nameOf(req, result.errors))
  },
}

/** Counts what Yoga executes, for whichever transport, and what comes to it over HTTP and is not fit to be executed. */
function counts(meter: Meter, onBug: ReportBug): Plugin {
  const begun = new WeakSet()
  /** What Yoga puts into the context of a request; over WebSocket there is none. */
  const begin = (args: ExecutionArgs): void => {
    const { params } = args.contextValue as { params?: object }
    if (params) begun.add(params)
  }
  return {
    onExecute: ({ args }) => {
      begin(args)
      const startedAt = performance.now()
      return {
        onExecuteDone: ({ result, setResult }) => {
          meter.ran(args, startedAt, result as ExecutionResult)
          setResult(presented(result as ExecutionResult, args.contextValue as unknown as Context, onBug))
        },
      }
    },
    onSubscribe: ({ args }) => begin(args),
    onExecutionResult: ({ result, context }) => {
      const { errors } = result as ExecutionResult
      const { params } = context as { params?: object }
      if (errors && !(params && begun.has(params))) meter.rejected(errors)
    },
  }
}

/** What an HTTP request shows. */
export const credentialsOf = (request: IncomingMessage, trustedProxies: number): Credentials => ({
  authorization: request.headers.authorization,
  queueToken: request.headers['x-queue-token']?.toString(),
  address: addressOf(request, trustedProxies),
  requestId: givenName(request),
  traceparent: request.headers['traceparent']?.toString(),
})

const GUEST_SECONDS = 24 * 60 * 60

/** An identity for whoever explores, so that they can start at once. */
const guestToken = ({ auth, newId }: Services): Promise<string> | undefined =>
  auth.issues ? auth.issue({ userId: newId(), role: 'buyer' }, GUEST_SECONDS) : undefined
