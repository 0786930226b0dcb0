/** Yoga: GraphiQL, GET, content negotiation, and whatever else is unusual over HTTP. */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import { maskError, type ReportBug } from '../graphql/mask-errors.ts'
import type { Operations } from '../graphql/run-operation.ts'
import type { Services } from '../resolvers/context.ts'
import { graphiqlOptions } from './graphiql.ts'
import { operationClient } from './operation-client.ts'
import { requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'

interface ServerContext {
  req: IncomingMessage
  res: ServerResponse
}

export type Yoga = YogaServerInstance<ServerContext, object>

export interface YogaOptions {
  operations: Operations
  services: Services
  /** Serve GraphiQL? */
  graphiql: boolean
  /** Logs an error that the client does not see. */
  onBug: ReportBug
  trustedProxies: number
}

export const createYogaHandler = (options: YogaOptions): Yoga => {
  const { operations, services, onBug, graphiql, trustedProxies } = options
  return createYoga<ServerContext>({
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    // body.ts limits bodies: Yoga's own limit would pipe each of them through a stream.
    maxRequestBodySize: false,
    cors: false, // see cors.ts
    graphiql:
      graphiql && (async () => graphiqlOptions(services.config.chargesBy, await guestToken(services))),
    renderGraphiQL,
    logging: false,
    parserAndValidationCache: false,
    maskedErrors: { maskError: (error) => maskError(error, onBug) },
    plugins: [useOperations(operations, trustedProxies), useRequestId],
  })
}

/** Has operations run as over the other transports, instead of by Yoga's own pipeline. */
const useOperations = (operations: Operations, trustedProxies: number): Plugin<object, ServerContext> => ({
  onParams: ({ params, setParams, setParamsHandler, context }) => {
    setParamsHandler(() => operations.run(params, operationClient(context.req, trustedProxies)))
    // Yoga checks these next; `run` has checks of its own, which are the same for every transport.
    setParams({ query: '{ __typename }' })
  },
})

/** Responses with errors have a request id, under which the log has them. */
const useRequestId: Plugin<object, ServerContext> = {
  onResultProcess: ({ result, serverContext: { req, res } }) => {
    if ('errors' in result) res.setHeader(REQUEST_ID_HEADER, requestIdFor(req, result.errors))
  },
}

const GUEST_SECONDS = 24 * 60 * 60

/** A new identity for the user of GraphiQL. */
const guestToken = ({ auth, newId }: Services): Promise<string> | undefined =>
  auth.canIssue ? auth.issue({ userId: newId(), role: 'buyer' }, GUEST_SECONDS) : undefined
