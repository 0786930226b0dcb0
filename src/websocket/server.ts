/** GraphQL over WebSocket: the graphql-transport-ws protocol, through the same pipeline as HTTP. */
import type { IncomingMessage, Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  getOperationAST,
  type GraphQLError,
  type ExecutionArgs,
  type FormattedExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import {
  handleProtocols,
  makeServer,
  type Context,
  type ExecutionResult,
  type SubscribePayload,
} from 'graphql-ws'
import { WebSocketServer, type WebSocket } from 'ws'
import { tokenExpired, type Auth } from '../auth/access-tokens.ts'
import { authenticate, type Credentials } from '../resolvers/context.ts'
import { scheduleAt } from '../domain/timeout.ts'
import { Problem } from '../domain/problem.ts'
import { viewerOrNull } from '../resolvers/authorization.ts'
import { unknownOperation } from '../graphql/complexity.ts'
import { formatError, maskError, type ReportBug } from '../graphql/mask-errors.ts'
import type { OperationMetrics } from '../graphql/operation-metrics.ts'
import { isStream, type Subscribe } from '../graphql/subscriptions.ts'
import { clientAddress } from '../http/client-address.ts'
import { createConnectionLimits } from './connection-limits.ts'
import { CloseCode } from './close-codes.ts'
import { BODY_BYTES_MAX } from '../http/body.ts'
import { createMemoryBudget } from './memory-budget.ts'
import type { Operations } from '../graphql/operations.ts'
import { createHeartbeat } from './heartbeat.ts'
import { REQUEST_ID_HEADER, parseRequestId } from '../http/request-id.ts'
import { sendStream } from './send-stream.ts'
import { attachConnection } from './attach-connection.ts'

/** How long a close waits for the other end to agree. */
const CLOSE_MS_MAX = 2_000
/** A close frame has room for 123 bytes: RFC 6455, section 5.5. */
const CLOSE_REASON_LENGTH_MAX = 100
/** How long connection_ack waits for the access token to be checked; the operations check it in any case. */
const CONNECT_MS_MAX = 1_000
/** What a handshake that is refused for now says. */
const RETRY_AFTER = { 'retry-after': '10' }
/** The load balancer has other servers. */
const RETRY_AT_ONCE = { 'retry-after': '1' }
/** Operations that one socket may have under way, subscriptions among them. */
const OPERATIONS_AT_ONCE_MAX = 100

/** Messages of operations that have not ended, of all sockets together: 50,000 listeners have about 30 MB. */
const RUNNING_BYTES_MAX = 48 * 1024 * 1024
/** An id of an operation is kept while it runs; clients make a number or a UUID. */
const ID_CHARACTERS_MAX = 128
/** What is kept of each credential of connection_init, for as long as the socket is open: more than any of them may have. */
const CREDENTIAL_CHARACTERS_MAX = 4_200

/** How many sockets one server accepts, and how many messages one socket may send. */
export interface SocketLimits {
  max: number
  perAddressMax: number
  perUserMax: number
  messagesPerMinute: number
}

export interface SocketServer {
  /** Sockets at the moment. */
  count(): number
  /**
   * Closes every socket with 1012, spread over `overMs` so that not all come back in the same moment. From then on a
   * handshake is answered with 503: without a listener for it Node would leave it unanswered.
   */
  close(overMs: number): Promise<void>
}

interface Connection {
  socket: WebSocket
  address: string
  /** When the last message came, ms of performance.now(). */
  lastSeenAt: () => number
  /** The ids of operations under way, of those too that the client has completed while they start. */
  running: Set<string>
}

/** The payload of connection_init. */
type Params = Record<string, unknown>

export interface SocketServerOptions {
  server: Server
  schema: GraphQLSchema
  operations: Operations
  subscribe: Subscribe
  metrics: OperationMetrics
  auth: Auth
  /** Hears of what a client is not told. */
  onBug: ReportBug
  limits: SocketLimits
  /** How long somebody may be silent before being absent, in milliseconds. */
  graceMs: number
  trustedProxies: number
  /** Where browsers may come from; null: from anywhere. */
  allowedOrigins: readonly string[] | null
}

/** Serves WebSockets on /graphql of an HTTP server. */
export function serveWebSockets(options: SocketServerOptions): SocketServer {
  const {
    server,
    schema,
    operations,
    subscribe,
    metrics: meter,
    auth,
    onBug,
    limits,
    trustedProxies,
  } = options
  const memory = createMemoryBudget(RUNNING_BYTES_MAX)
  const addresses = createConnectionLimits(limits.perAddressMax)
  const users = createConnectionLimits(limits.perUserMax)
  const pulse = createHeartbeat(options.graceMs)
  let closing = false
  const shown = (error: unknown): GraphQLError => maskError(error, onBug)
  const rejected = (errors: readonly unknown[]): GraphQLError[] => {
    meter.recordRejected(errors)
    return errors.map(shown)
  }
  /** A result as it is sent. */
  const payloadOf = ({ errors, data }: ExecutionResult): FormattedExecutionResult =>
    errors
      ? { errors: errors.map((error) => formatError(shown(error))), ...(data === undefined ? {} : { data }) }
      : { data: data ?? null }

  /** Counts a socket for whoever uses it. @returns false: they have too many, and it is being closed */
  const admits = (userId: string, socket: WebSocket): boolean => {
    const admitted = users.add(userId, socket)
    if (!admitted) socket.close(CloseCode.TooMany, 'Too many connections')
    return admitted
  }

  /** Counts a socket for whom its access token is for, and closes it when the token is not valid, or no longer. */
  function admitOnce(identity: Awaited<ReturnType<typeof authenticate>>, { socket }: Connection): void {
    if (typeof identity !== 'function') {
      if (!admits(identity.viewer.userId, socket)) return
      const stopClock = scheduleAt(identity.expiresAt, () => closeForbidden(socket, tokenExpired()))
      if (socket.readyState === socket.CLOSED) stopClock()
      else socket.once('close', stopClock)
      return
    }
    const problem = identity()
    // While the issuer's keys cannot be had, operations say so, and may be tried again on this socket.
    if (problem.code === 'UNAUTHENTICATED') closeForbidden(socket, problem)
  }

  const sockets = new WebSocketServer({
    server,
    path: '/graphql',
    maxPayload: BODY_BYTES_MAX,
    handleProtocols,
    // Who does not answer a close is cut off after it.
    ...{ closeTimeout: CLOSE_MS_MAX }, // its types do not know this option yet
    verifyClient: ({ req }, answer) => {
      if (closing) answer(false, 503, 'This server is stopping: connect again', RETRY_AT_ONCE)
      else if (!isOriginAllowed(req, options.allowedOrigins)) answer(false, 403, 'Not from this origin')
      else if (sockets.clients.size >= limits.max)
        answer(false, 503, 'This server has no room for more connections', RETRY_AFTER)
      else if (addresses.isFull(clientAddress(req, trustedProxies)))
        answer(false, 429, 'Too many connections', RETRY_AFTER)
      else answer(true)
    },
  })

  /** What is to be executed, or why nothing is: thrown, errors would close the socket and everything else that it carries. */
  async function prepare(
    { connectionParams, extra: { socket, address, lastSeenAt, running } }: Context<Params, Connection>,
    { query, operationName, variables, extensions }: SubscribePayload,
  ): Promise<ExecutionArgs | GraphQLError[]> {
    try {
      if (running.size > OPERATIONS_AT_ONCE_MAX) throw tooManyOperations()
      const ownAuthorization = credentialsFrom(connectionParams ?? {}, address).authorization
      const credentials = credentialsFrom({ ...connectionParams, ...headersIn(extensions) }, address)
      const document = operations.documentOf(query)
      if (!('kind' in document)) return rejected(document)
      const operation = getOperationAST(document, operationName)
      if (!operation) throw unknownOperation()
      const contextValue = await operations.contextOf({ ...credentials, lastSeenAt })
      // Whoever shows who they are with each operation only has not been seen by onConnect.
      const viewer = credentials.authorization === undefined ? null : viewerOrNull(contextValue)
      if (viewer && !admits(viewer.userId, socket)) throw tooManySockets()
      // The streams of the socket's own token end with the socket, so that the client takes them up again on the next one.
      if (credentials.authorization === ownAuthorization) contextValue.expiresAt = Infinity
      return {
        schema,
        document,
        operationName,
        variableValues: declaredOnly(operation, variables ?? {}),
        contextValue,
        rootValue: undefined,
      }
    } catch (error) {
      return rejected([error])
    }
  }

  const protocol = makeServer<Params, Connection>({
    connectionInitWaitTimeout: 3_000,
    onConnect: async (connection) => {
      const { extra } = connection
      // The rest of the payload is not kept.
      const connectionParams = pickCredentials(connection.connectionParams ?? {})
      Object.assign(connection, { connectionParams })
      const { authorization } = credentialsFrom(connectionParams, extra.address)
      if (authorization === undefined || authorization === '') return
      // The timer of the protocol is only about the message: who issues the identities may be slow to answer.
      const checked = authenticate(auth, authorization).then((identity) => admitOnce(identity, extra))
      await Promise.race([checked, sleep(CONNECT_MS_MAX, undefined, { ref: false })])
    },
    execute: operations.execute,
    subscribe,
    onSubscribe: async (connection, id, payload) => {
      const { running, socket } = connection.extra
      if (id.length > ID_CHARACTERS_MAX) {
        socket.close(CloseCode.BadRequest, 'The id is too long')
        return rejected([unusableId()])
      }
      // Completed by the client while it starts, the first operation of this id would be taken for the second one.
      if (running.has(id)) {
        socket.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`)
        return rejected([unusableId()])
      }
      running.add(id)
      const prepared = await prepare(connection, payload)
      // The message is kept while the operation runs; what is needed of it has been taken.
      Object.assign(payload, { query: '', variables: null, extensions: null })
      if (Array.isArray(prepared)) running.delete(id)
      return prepared
    },
    onComplete: ({ extra: { running } }, id) => void running.delete(id),
    onError: (_, __, ___, errors) => errors.map((error) => formatError(shown(error))),
    onOperation: ({ extra: { socket } }, id, _, __, result) =>
      isStream(result) ? sendStream(result, socket, id, payloadOf) : undefined,
    onNext: (_, __, ___, ____, result) => payloadOf(result),
  })

  sockets.on('connection', (socket, request) => {
    const address = clientAddress(request, trustedProxies)
    addresses.add(address, socket)
    const lastSeenAt = pulse.watch(socket)
    attachConnection(socket, { socket, address, lastSeenAt, running: new Set() }, protocol, {
      messagesPerMinute: limits.messagesPerMinute,
      memory,
      onBug,
    })
  })

  return {
    count: () => sockets.clients.size,
    close: async (overMs) => {
      closing = true
      const open = [...sockets.clients]
      const pause = open.length > 0 ? overMs / open.length : 0
      for (const [index, socket] of open.entries()) {
        const restart = (): void => socket.close(CloseCode.ServiceRestart, 'Restarting: connect again')
        setTimeout(restart, index * pause)
      }
      await Promise.all(open.map((socket) => new Promise((closed) => socket.once('close', closed))))
    },
  }
}

const closeForbidden = (socket: WebSocket, { message }: Problem): void =>
  socket.close(CloseCode.Forbidden, message.slice(0, CLOSE_REASON_LENGTH_MAX))

const tooManyOperations = (): Problem =>
  new Problem('RATE_LIMITED', 'This connection has too many operations. Wait for some to end.', {
    retryAfterSeconds: 1,
  })

/** Nobody reads it, because the socket is being closed; returned so that the operation is not executed all the same. */
const unusableId = (): Problem => new Problem('BAD_INPUT', 'This id cannot be used for an operation.')

const tooManySockets = (): Problem =>
  new Problem('RATE_LIMITED', 'You have too many connections. Close some of them.', { retryAfterSeconds: 10 })

/** The variables that an operation declares: others may be sent, and are not kept. */
const declaredOnly = (
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Record<string, unknown>,
): Record<string, unknown> =>
  Object.fromEntries(
    variableDefinitions
      .map(({ variable }) => variable.name.value)
      .filter((name) => Object.hasOwn(variables, name))
      .map((name) => [name, variables[name]]),
  )

/** The credentials in a payload of connection_init, each cut at what cannot be valid. */
const pickCredentials = (params: Params): Params =>
  Object.fromEntries(
    Object.entries(params)
      .filter(([name, value]) => CREDENTIAL_NAMES.has(name.toLowerCase()) && typeof value === 'string')
      .slice(0, CREDENTIAL_NAMES.size)
      .map(([name, value]) => [name, String(value).slice(0, CREDENTIAL_CHARACTERS_MAX)]),
  )

const CREDENTIAL_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'x-queue-token',
  REQUEST_ID_HEADER,
  'traceparent',
])

/** Only browsers say where they come from, and cannot lie about it: RFC 6454. */
function isOriginAllowed({ headers }: IncomingMessage, allowedOrigins: readonly string[] | null): boolean {
  const { origin, host } = headers
  if (allowedOrigins === null || origin === undefined || allowedOrigins.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

/** GraphiQL keeps one socket for all of its tabs, and sends each tab's headers with the operation. */
function headersIn(extensions: Record<string, unknown> | null | undefined): object {
  const headers = extensions?.headers
  return typeof headers === 'object' && headers !== null ? headers : {}
}

/** The same two names as the HTTP headers, in any case. */
function credentialsFrom(params: object, address: string): Credentials {
  const byName = new Map(
    Object.entries(params).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]),
  )
  const textOf = (name: string): string | undefined => {
    const value = byName.get(name)
    return typeof value === 'string' ? value : undefined
  }
  return {
    authorization: textOf('authorization'),
    queueToken: textOf('x-queue-token'),
    address,
    requestId: parseRequestId(textOf(REQUEST_ID_HEADER)),
    traceparent: textOf('traceparent'),
  }
}
