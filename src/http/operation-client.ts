/** The client of an operation that came over HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError, OperationTypeNode } from 'graphql'
import type { OperationClient } from '../graphql/run-operation.ts'
import type { Credentials } from '../resolvers/context.ts'
import { clientAddress } from './client-address.ts'
import { requestIdFromHeader } from './request-id.ts'

/** @param stream the response, if it may be an event stream; subscriptions are refused otherwise */
export const operationClient = (
  request: IncomingMessage,
  trustedProxies: number,
  stream?: ServerResponse,
): OperationClient => ({
  credentials: credentialsFromRequest(request, trustedProxies),
  checkType: (type) => {
    if (type === OperationTypeNode.MUTATION && request.method === 'GET') throw mutationByGet()
    if (type === OperationTypeNode.SUBSCRIPTION && !stream) throw eventStreamRequired()
  },
  ...(stream && { signal: () => abortedOnClose(stream) }),
})

export const credentialsFromRequest = (request: IncomingMessage, trustedProxies: number): Credentials => ({
  authorization: request.headers.authorization,
  queueToken: request.headers['x-queue-token']?.toString(),
  address: clientAddress(request, trustedProxies),
  requestId: requestIdFromHeader(request),
  traceparent: request.headers['traceparent']?.toString(),
})

function abortedOnClose(response: ServerResponse): AbortSignal {
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  if (response.destroyed) closed.abort()
  return closed.signal
}

const mutationByGet = (): GraphQLError =>
  new GraphQLError('Can only perform a mutation operation from a POST request.', {
    extensions: { http: { status: 405, headers: { Allow: 'POST' } } },
  })

const eventStreamRequired = (): GraphQLError =>
  new GraphQLError(
    'A subscription is answered with server-sent events: send it as application/json and accept text/event-stream, or use a WebSocket.',
    { extensions: { http: { status: 406 } } },
  )
