/**
 * The short way for what nearly every request is: one query or mutation, as JSON. It goes through the same parsing, rules,
 * context and masking as Yoga's own way and gives the same answers (test/api/fast-path.test.ts); what it leaves out is
 * everything that such a request has no use for. Whatever is unusual goes Yoga's way. See docs/decisions/006.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getOperationAST, OperationTypeNode, type DocumentNode, type GraphQLSchema } from 'graphql'
import { readBody } from './body.ts'
import type { Operations } from '../graphql/operations.ts'
import { acceptsEventStream, requiresEventStream, type createEventStreamHandler } from './sse.ts'
import { BODY_TOO_LONG, COMMON_HEADERS, rejectRequest } from './server.ts'
import { sendJson } from './json.ts'
import { checkParams, readParams, type Params, type RawParams } from './params.ts'
import type { PersistedDocuments } from '../graphql/persisted-documents.ts'
import { credentialsFromRequest, type Yoga } from './yoga.ts'

export interface FastPathOptions {
  yoga: Yoga
  schema: GraphQLSchema
  operations: Operations
  persisted: PersistedDocuments
  handleEventStream: ReturnType<typeof createEventStreamHandler>
  trustedProxies: number
  allowedOrigins: readonly string[] | null
}

/** Answers every request: the ordinary ones here, subscriptions as event streams, and the rest by Yoga. */
export function createFastPath(options: FastPathOptions) {
  const {
    yoga,
    schema,
    operations,
    persisted,
    handleEventStream: answerWithEvents,
    trustedProxies,
    allowedOrigins,
  } = options

  /** A valid document with this operation in it; undefined: Yoga has to say what is wrong with it. */
  function documentOf({ query, operationName }: Params): [DocumentNode, OperationTypeNode] | undefined {
    try {
      const document = operations.documentOf(query)
      const operation = 'kind' in document && getOperationAST(document, operationName)
      return operation ? [document, operation.operation] : undefined
    } catch {
      return undefined
    }
  }

  const handleWithYoga = async (
    request: IncomingMessage,
    response: ServerResponse,
    body: string | RawParams,
  ): Promise<void> => {
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value)
    // Yoga's own event stream keeps a timer and its source when the client disconnects before its first byte.
    if (/event-stream/i.test(request.headers.accept ?? '')) request.headers.accept = 'application/json'
    await yoga(request.method === 'POST' ? Object.assign(request, { body }) : request, response)
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url = '' } = request
    const body = method === 'POST' ? await readBody(request) : ''
    if (body === null) {
      rejectRequest(response, 413, BODY_TOO_LONG)
      return
    }
    if (!/^\/graphql(\?|$)/.test(url)) {
      await handleWithYoga(request, response, body)
      return
    }
    const given = readParams(request, body)
    const params = checkParams(given, persisted)
    const [document, type] = (params && documentOf(params)) ?? []
    const isSubscription = type === OperationTypeNode.SUBSCRIPTION
    if (
      params &&
      method !== 'HEAD' &&
      (isSubscription || (requiresEventStream(request) && !isMutationByGet(method, type)))
    ) {
      if (acceptsEventStream(request)) await answerWithEvents(request, response, params)
      else rejectRequest(response, 406, EVENT_STREAM_REQUIRED)
      return
    }
    if (!params || !document || !isOrdinary(request)) {
      // Where nothing names a document, Yoga says which member is misspelled.
      const isNamed = given !== undefined && (given.query ?? given.extensions) !== undefined
      await handleWithYoga(request, response, isNamed ? given : body)
      return
    }
    const { variables: variableValues, operationName } = params
    const contextValue = await operations.contextOf(credentialsFromRequest(request, trustedProxies))
    const args = { schema, document, operationName, variableValues, contextValue }
    sendJson(request, response, await operations.execute(args), allowedOrigins)
  }
}

const EVENT_STREAM_REQUIRED =
  'A subscription is answered with server-sent events: accept text/event-stream, or use a WebSocket.'

const isMutationByGet = (method: string | undefined, type: OperationTypeNode | undefined): boolean =>
  method === 'GET' && type === OperationTypeNode.MUTATION

const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/i

/** A body of JSON, and any kind of JSON is welcome as the answer. */
function isOrdinary({ method, url, headers }: IncomingMessage): boolean {
  const { accept = '*/*', 'content-type': type = '' } = headers
  return (
    method === 'POST' &&
    url === '/graphql' &&
    (type === 'application/json' || JSON_TYPE.test(type)) &&
    (accept === '*/*' || accept === 'application/json')
  )
}
