/**
 * The short way for what nearly every request is: one query or mutation, as JSON. It goes through the same parsing, rules,
 * context and masking as Yoga's own way and gives the same answers (test/api/short-way.test.ts); what it leaves out is
 * everything that such a request has no use for. Whatever is unusual goes Yoga's way. See docs/decisions/006.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getOperationAST, OperationTypeNode, type DocumentNode, type GraphQLSchema } from 'graphql'
import { readBody } from './body.ts'
import type { Operations } from '../graphql/operations.ts'
import { acceptsEvents, wantsEvents, type createEventStreams } from './sse.ts'
import { BODY_TOO_LONG, COMMON_HEADERS, refuse } from './server.ts'
import { sendJson } from './json.ts'
import { checkParams, readParams, type Params, type RawParams } from './params.ts'
import type { PersistedDocuments } from '../graphql/persisted-documents.ts'
import { credentialsOf, type Yoga } from './yoga.ts'

export interface ShortWayOptions {
  yoga: Yoga
  schema: GraphQLSchema
  operations: Operations
  persisted: PersistedDocuments
  answerWithEvents: ReturnType<typeof createEventStreams>
  trustedProxies: number
  allowedOrigins: readonly string[] | null
}

/** Answers every request: the ordinary ones here, subscriptions as event streams, and the rest by Yoga. */
export function createShortWay(options: ShortWayOptions) {
  const { yoga, schema, operations, persisted, answerWithEvents, trustedProxies, allowedOrigins } = options

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

  const goYogasWay = async (
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
      refuse(response, 413, BODY_TOO_LONG)
      return
    }
    if (!/^\/graphql(\?|$)/.test(url)) {
      await goYogasWay(request, response, body)
      return
    }
    const given = readParams(request, body)
    const params = checkParams(given, persisted)
    const [document, type] = (params && documentOf(params)) ?? []
    const isSubscription = type === OperationTypeNode.SUBSCRIPTION
    if (
      params &&
      method !== 'HEAD' &&
      (isSubscription || (wantsEvents(request) && !isMutationByGet(method, type)))
    ) {
      if (acceptsEvents(request)) await answerWithEvents(request, response, params)
      else refuse(response, 406, NOT_EVENTS)
      return
    }
    if (!params || !document || !isOrdinary(request)) {
      // Where nothing names a document, Yoga says which member is misspelled.
      const isNamed = given !== undefined && (given.query ?? given.extensions) !== undefined
      await goYogasWay(request, response, isNamed ? given : body)
      return
    }
    const { variables: variableValues, operationName } = params
    const contextValue = await operations.contextOf(credentialsOf(request, trustedProxies))
    const args = { schema, document, operationName, variableValues, contextValue }
    sendJson(request, response, await operations.execute(args), allowedOrigins)
  }
}

const NOT_EVENTS =
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
