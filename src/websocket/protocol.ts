/** The graphql-transport-ws protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  GraphQLError,
  parse,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLSchema,
} from 'graphql'
import { makeServer, type Server, type SubscribePayload } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { tokenExpired, type Auth } from '../auth/access-tokens.ts'
import { Problem } from '../domain/problem.ts'
import { scheduleAt } from '../domain/timeout.ts'
import { formatError, maskError, type ReportBug } from '../graphql/mask-errors.ts'
import { isStream, type Stream } from '../graphql/result-stream.ts'
import type { Operations } from '../graphql/run-operation.ts'
import { viewerOrNull } from '../resolvers/authorization.ts'
import { authenticate } from '../resolvers/context.ts'
import { CloseCode } from './close-codes.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { credentialsFrom, headersIn, pickCredentials, type ConnectionParams } from './credentials.ts'
import { sendStream } from './send-stream.ts'

/** A close frame has room for 123 bytes: RFC 6455, section 5.5. */
const CLOSE_REASON_LENGTH_MAX = 100
/** How long connection_ack waits for the access token to be checked; each operation checks it in any case. */
const CONNECT_MS_MAX = 1_000
/** Operations that one socket may have under way, subscriptions among them. */
const OPERATIONS_AT_ONCE_MAX = 100
/** The id of an operation is kept while it runs; clients send a number or a UUID. */
const ID_CHARACTERS_MAX = 128

/** What the protocol knows about a socket. */
export interface Connection {
  socket: WebSocket
  address: string
  /** When the last message came, ms of performance.now(). */
  lastSeenAt: () => number
  /** The ids of operations under way, including those that the client has completed while they start. */
  running: Set<string>
}

export interface ProtocolOptions {
  schema: GraphQLSchema
  operations: Operations
  auth: Auth
  /** Sockets of one user. */
  users: ConnectionLimits
  /** Logs an error that the client does not see. */
  onBug: ReportBug
}

export function createProtocol({
  schema,
  operations,
  auth,
  users,
  onBug,
}: ProtocolOptions): Server<Connection> {
  /** Counts a socket for a user. @returns false: the user has too many, and this one is being closed */
  function countSocket(userId: string, socket: WebSocket): boolean {
    const isCounted = users.add(userId, socket)
    if (!isCounted) socket.close(CloseCode.LimitExceeded, 'Too many connections')
    return isCounted
  }

  /** Counts a socket for the user of its access token, and closes it when the token is not valid, or expires. */
  async function checkToken(authorization: string, { socket }: Connection): Promise<void> {
    const identity = await authenticate(auth, authorization)
    if (typeof identity !== 'function') {
      if (!countSocket(identity.viewer.userId, socket)) return
      const cancelExpiry = scheduleAt(identity.expiresAt, () => closeForbidden(socket, tokenExpired()))
      if (socket.readyState === socket.CLOSED) cancelExpiry()
      else socket.once('close', cancelExpiry)
      return
    }
    const problem = identity()
    // While the issuer's keys cannot be loaded, operations answer OVERLOADED, and can be tried again on this socket.
    if (problem.code === 'UNAUTHENTICATED') closeForbidden(socket, problem)
  }

  /** @returns the errors of a request that is refused before anything is executed, otherwise what it results in */
  async function run(
    connectionParams: ConnectionParams,
    { socket, address, lastSeenAt, running }: Connection,
    { query, operationName, variables, extensions }: SubscribePayload,
  ): Promise<Stream | ExecutionResult | GraphQLError[]> {
    const own = credentialsFrom(connectionParams, address)
    const credentials = credentialsFrom({ ...connectionParams, ...headersIn(extensions) }, address)
    const client = { credentials: { ...credentials, lastSeenAt } }
    if (running.size > OPERATIONS_AT_ONCE_MAX) {
      return [...(operations.reject([tooManyOperations()], client).errors ?? [])]
    }
    const start = { isAdmitted: false }
    const result = await operations.run(
      { query, operationName, variables, extensions },
      {
        ...client,
        admit: (context) => {
          // A user who is authenticated by operations only has not been counted by onConnect.
          const viewer = credentials.authorization === undefined ? null : viewerOrNull(context)
          if (viewer && !countSocket(viewer.userId, socket)) throw tooManySockets()
          // A stream with the socket's own token ends when the socket does, so that clients resume it on the next one.
          if (credentials.authorization === own.authorization) context.expiresAt = Infinity
          start.isAdmitted = true
        },
      },
    )
    return start.isAdmitted || isStream(result) ? result : [...(result.errors ?? [])]
  }

  return makeServer<ConnectionParams, Connection>({
    connectionInitWaitTimeout: 3_000,
    onConnect: async (context) => {
      // The rest of the payload is not kept.
      const connectionParams = pickCredentials(context.connectionParams ?? {})
      Object.assign(context, { connectionParams })
      const { authorization } = credentialsFrom(connectionParams, context.extra.address)
      if (authorization === undefined || authorization === '') return
      // connectionInitWaitTimeout does not cover this: the issuer's keys may be slow to load.
      const checked = checkToken(authorization, context.extra)
      await Promise.race([checked, sleep(CONNECT_MS_MAX, undefined, { ref: false })])
    },
    onSubscribe: async ({ connectionParams, extra }, id, payload) => {
      const { running, socket } = extra
      if (id.length > ID_CHARACTERS_MAX) {
        socket.close(CloseCode.BadRequest, 'The id is too long')
        return [unusableId()]
      }
      // graphql-ws forgets an id that the client completes while its operation starts, and would mix up the two.
      if (running.has(id)) {
        socket.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`)
        return [unusableId()]
      }
      running.add(id)
      const started = run(connectionParams ?? {}, extra, payload)
      // graphql-ws keeps the message while the operation runs; what is needed of it has been read.
      Object.assign(payload, { query: '', variables: null, extensions: null })
      const result = await started
      if (!Array.isArray(result)) return { schema, document: ANY_DOCUMENT, rootValue: result }
      running.delete(id)
      return result
    },
    // The operation has been run by onSubscribe.
    execute: ({ rootValue }) => rootValue as Stream | ExecutionResult,
    onComplete: ({ extra: { running } }, id) => void running.delete(id),
    onError: (_, __, ___, errors) => errors.map((error) => formatError(maskError(error, onBug))),
    onOperation: ({ extra: { socket } }, id, _, { rootValue }) => {
      const result = rootValue as Stream | ExecutionResult
      return isStream(result) ? sendStream(result, socket, id, toPayload) : undefined
    },
    onNext: (_, __, ___, ____, result) => toPayload(result as ExecutionResult),
  })
}

/** graphql-ws looks for an operation in a document before it asks for the result. */
const ANY_DOCUMENT = parse('{ __typename }')

const toPayload = ({ errors, data }: ExecutionResult): FormattedExecutionResult =>
  errors
    ? { errors: errors.map(formatError), ...(data === undefined ? {} : { data }) }
    : { data: data ?? null }

const closeForbidden = (socket: WebSocket, { message }: Problem): void =>
  socket.close(CloseCode.Forbidden, message.slice(0, CLOSE_REASON_LENGTH_MAX))

const tooManyOperations = (): Problem =>
  new Problem('RATE_LIMITED', 'This connection has too many operations. Wait for some to end.', {
    retryAfterSeconds: 1,
  })

const tooManySockets = (): Problem =>
  new Problem('RATE_LIMITED', 'You have too many connections. Close some of them.', { retryAfterSeconds: 10 })

/** Not sent, because the socket is being closed; returned so that the operation is not run. */
const unusableId = (): GraphQLError => new GraphQLError('This id cannot be used for an operation.')
