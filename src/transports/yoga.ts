/** The GraphQL pipeline: parse, limits, validate, execute, mask. HTTP and WebSocket both go through it. */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { IncomingMessage } from 'node:http'
import { createYoga, useReadinessCheck, type YogaServerInstance } from 'graphql-yoga'
import type { GraphQLSchema } from 'graphql'
import type { Logger } from 'pino'
import { createContext, type Context, type Credentials, type Services } from '../context.ts'
import { presentable } from '../schema/errors.ts'
import { limitPlugins, type LimitOptions } from '../schema/limits.ts'
import { addressOf } from './address.ts'
import { graphiqlOptions } from './graphiql.ts'

/** What a transport hands over: over WebSocket the credentials, over HTTP the request that has them. */
export type ServerContext = { credentials: Credentials } | { req: IncomingMessage }

export type Yoga = YogaServerInstance<ServerContext, Context>

export interface YogaOptions {
  schema: GraphQLSchema
  services: Services
  log: Logger
  /** GraphiQL, which is a door for people: not in production. */
  graphiql: boolean
  limits: LimitOptions
  trustedProxies: number
  /** Where browsers may come from; null: from anywhere. */
  allowedOrigins: readonly string[] | null
  /** Rejects while this server should get no new work. */
  checkReady: () => Promise<void>
}

export const createPipeline = (options: YogaOptions): Yoga => {
  const { schema, services, log, graphiql, limits, trustedProxies, allowedOrigins, checkReady } = options
  return createYoga<ServerContext, Context>({
    schema,
    context: (given) =>
      createContext(
        services,
        'credentials' in given ? given.credentials : credentialsOf(given.req, trustedProxies),
      ),
    graphqlEndpoint: '/graphql',
    healthCheckEndpoint: '/live',
    landingPage: false,
    multipart: false,
    // http.ts bounds it by the Content-Length: Yoga's own limit would pipe every body through a stream.
    maxRequestBodySize: false,
    cors: {
      origin: allowedOrigins ? [...allowedOrigins] : '*',
      credentials: false,
      allowedHeaders: ['authorization', 'content-type', 'x-queue-token'],
    },
    graphiql: graphiql && (async () => graphiqlOptions(await guestToken(services))),
    renderGraphiQL,
    logging: false,
    maskedErrors: {
      maskError: (error) => presentable(error, (bug) => log.error({ err: bug }, 'a bug was masked')),
    },
    plugins: [useReadinessCheck({ endpoint: '/ready', check: checkReady }), ...limitPlugins(limits)],
  })
}

const credentialsOf = (request: IncomingMessage, trustedProxies: number): Credentials => ({
  authorization: request.headers.authorization,
  queueToken: request.headers['x-queue-token']?.toString(),
  address: addressOf(request, trustedProxies),
})

const GUEST_SECONDS = 24 * 60 * 60

/** An identity for whoever explores, so that they can start at once. */
const guestToken = ({ auth, newId }: Services): Promise<string> | undefined =>
  auth.issues ? auth.issue({ userId: newId(), role: 'buyer' }, GUEST_SECONDS) : undefined
