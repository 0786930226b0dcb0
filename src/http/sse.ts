/**
 * Server-sent events: GraphQL over SSE, distinct connections mode
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getOperationAST, OperationTypeNode, type ExecutionResult, type GraphQLSchema } from 'graphql'
import { formatError, maskError, type ReportBug } from '../graphql/mask-errors.ts'
import type { OperationMetrics } from '../graphql/operation-metrics.ts'
import { isStream, type Stream, type Subscribe } from '../graphql/subscriptions.ts'
import { corsHeaders } from './cors.ts'
import { COMMON_HEADERS } from './server.ts'
import type { Operations } from '../graphql/operations.ts'
import { sendJson } from './json.ts'
import type { Params } from './params.ts'
import { requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'
import { credentialsFromRequest } from './yoga.ts'

export interface EventStreamOptions {
  schema: GraphQLSchema
  operations: Operations
  subscribe: Subscribe
  metrics: OperationMetrics
  /** Hears of what a client is not told. */
  onBug: ReportBug
  trustedProxies: number
  allowedOrigins: readonly string[] | null
}

/** Proxies close a connection on which nothing is sent for a minute, some of them sooner. */
const HEARTBEAT_MS = 12_000
const HEARTBEAT = ':\n\n'

const HEADERS = {
  ...COMMON_HEADERS,
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-store, no-transform',
  // nginx, and proxies that follow it, pass on each event at once.
  'x-accel-buffering': 'no',
}

/** Can the client read an answer that is an event stream? */
export const acceptsEventStream = ({ headers: { accept } }: IncomingMessage): boolean =>
  accept === undefined || /text\/event-stream|text\/\*|\*\/\*/i.test(accept)

/** Does the client ask for an event stream, whatever the operation? */
export const requiresEventStream = ({ headers: { accept = '' } }: IncomingMessage): boolean =>
  /text\/event-stream/i.test(accept) && !/application\/|\*\/\*/i.test(accept)

/**
 * Runs an operation and sends its results as events.
 * A stream is ended when the response closes, at whichever step of its start that happens.
 */
export function createEventStreamHandler(options: EventStreamOptions) {
  const { schema, operations, subscribe, metrics: meter, onBug, trustedProxies, allowedOrigins } = options
  const open = new Set<ServerResponse>()
  const beat = (): void => {
    for (const response of open) if (!response.writableNeedDrain) response.write(HEARTBEAT)
  }
  setInterval(beat, HEARTBEAT_MS).unref()

  const rejected = (errors: readonly unknown[]): ExecutionResult => {
    meter.recordRejected(errors)
    return { errors: errors.map((error) => maskError(error, onBug)) }
  }

  async function run(
    request: IncomingMessage,
    { query, operationName, variables: variableValues }: Params,
    signal: AbortSignal,
  ): Promise<Stream | ExecutionResult> {
    try {
      const document = operations.documentOf(query)
      if (!('kind' in document)) return rejected(document)
      const contextValue = await operations.contextOf(credentialsFromRequest(request, trustedProxies))
      contextValue.signal = signal
      const args = { schema, document, operationName, variableValues, contextValue }
      const isSubscription =
        getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION
      return await (isSubscription ? subscribe(args) : operations.execute(args))
    } catch (error) {
      return rejected([error])
    }
  }

  return async (request: IncomingMessage, response: ServerResponse, params: Params): Promise<void> => {
    const gone = new AbortController()
    response.once('close', () => {
      gone.abort()
      open.delete(response)
    })
    if (response.destroyed) gone.abort()
    const result = await run(request, params, gone.signal)
    // Not kept while the stream is open.
    Object.assign(params, { query: '', variables: undefined })
    if (gone.signal.aborted) return
    if (!isStream(result) && !requiresEventStream(request)) {
      sendJson(request, response, result, allowedOrigins)
      return
    }
    const errors = isStream(result) ? undefined : result.errors
    response.writeHead(200, {
      ...HEADERS,
      ...(errors && { [REQUEST_ID_HEADER]: requestIdFor(request, errors) }),
      ...corsHeaders(request.headers.origin, allowedOrigins),
    })
    // Some browsers tell the page nothing before the first byte of a body.
    response.write(HEARTBEAT)
    request.socket.setKeepAlive(true, HEARTBEAT_MS)
    open.add(response)
    if (isStream(result)) for await (const one of result) await send(response, one)
    else await send(response, result)
    open.delete(response)
    response.end('event: complete\ndata:\n\n')
  }
}

/** Resolves when the next one can be sent: a slow client gets the newest state, and no backlog. */
async function send(response: ServerResponse, { errors, data }: ExecutionResult): Promise<void> {
  const shown = { ...(errors && { errors: errors.map(formatError) }), ...(data !== undefined && { data }) }
  if (response.write(`event: next\ndata: ${JSON.stringify(shown)}\n\n`) || response.destroyed) return
  await new Promise<void>((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.once('drain', go).once('close', go)
  })
}
