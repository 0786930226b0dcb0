/**
 * The short way for what nearly every request is: one query or mutation, as JSON. It goes through the same parsing, rules,
 * context and masking as Yoga's own way and gives the same answers (test/api/short-way.test.ts); what it leaves out is
 * everything that such a request has no use for. Whatever is unusual goes Yoga's way. See docs/decisions/006.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getOperationAST, OperationTypeNode, type DocumentNode, type GraphQLSchema } from 'graphql'
import { formatted } from '../schema/errors.ts'
import { corsHeaders } from './cors.ts'
import type { Operations } from './operations.ts'
import { COMMON_HEADERS } from './http.ts'
import { hashIn, type PersistedDocuments } from './persisted.ts'
import { nameOf, REQUEST_ID } from './request-id.ts'
import { credentialsOf, type Yoga } from './yoga.ts'

export interface ShortWayOptions {
  yoga: Yoga
  schema: GraphQLSchema
  operations: Operations
  persisted: PersistedDocuments
  trustedProxies: number
  allowedOrigins: readonly string[] | null
}

/** What a client sends: https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters */
interface Params {
  query: string
  variables: Record<string, unknown> | null | undefined
  operationName: string | null | undefined
}

/** Answers every request, by the short way or by Yoga's. */
export function createShortWay(options: ShortWayOptions) {
  const { yoga, schema, operations, persisted, trustedProxies, allowedOrigins } = options

  /** A valid document with this query or mutation in it; undefined: Yoga has to say what is wrong with it. */
  function documentOf({ query, operationName }: Params): DocumentNode | undefined {
    try {
      const document = operations.documentOf(query)
      if (!('kind' in document)) return undefined
      const operation = getOperationAST(document, operationName)
      return operation && operation.operation !== OperationTypeNode.SUBSCRIPTION ? document : undefined
    } catch {
      return undefined
    }
  }

  const goYogasWay = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value)
    await yoga(request, response)
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isOrdinary(request)) {
      await goYogasWay(request, response)
      return
    }
    const body = await textOf(request)
    const params = paramsIn(body, persisted)
    const document = params && documentOf(params)
    if (!document) {
      await goYogasWay(Object.assign(request, { body }), response)
      return
    }
    const { variables: variableValues, operationName } = params
    const contextValue = await operations.contextOf(credentialsOf(request, trustedProxies))
    const args = { schema, document, operationName, variableValues, contextValue }
    const { errors, ...result } = await operations.execute(args)
    const shown = errors?.map(formatted)
    const text = JSON.stringify(shown ? { errors: shown, ...result } : result)
    const headers = [...HEADERS, 'content-length', String(Buffer.byteLength(text))]
    if (shown) headers.push(REQUEST_ID, nameOf(request, shown))
    const { origin } = request.headers
    if (origin !== undefined) headers.push(...Object.entries(corsHeaders(origin, allowedOrigins)).flat())
    response.writeHead(200, headers).end(text)
  }
}

/** Name, value, name, value: Node takes a list as it is. */
const HEADERS = Object.entries({
  ...COMMON_HEADERS,
  'content-type': 'application/json; charset=utf-8',
}).flat()

const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/i

/** A body of JSON, and any kind of JSON is welcome as the answer. */
function isOrdinary({ method, url, headers }: IncomingMessage): boolean {
  const { accept = '*/*', 'content-type': type = '' } = headers
  return (
    method === 'POST' &&
    url === '/graphql' &&
    (type === 'application/json' || JSON_TYPE.test(type)) &&
    Number(headers['content-length']) > 0 &&
    (accept === '*/*' || accept === 'application/json')
  )
}

/** The body, which http.ts has bounded. Never resolves if it does not arrive: then nobody waits for an answer. */
const textOf = (request: IncomingMessage): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    // Nearly always it is one.
    request.on('end', () =>
      resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? ''),
    )
    request.on('error', () => undefined)
  })

/** What is asked for, if it is one operation in a shape that needs no explaining. */
function paramsIn(body: string, persisted: PersistedDocuments): Params | undefined {
  let given: unknown
  try {
    given = JSON.parse(body)
  } catch {
    return undefined
  }
  if (!isObject(given)) return undefined
  const { query, variables, operationName, extensions, ...others } = given
  if (Object.keys(others).length > 0) return undefined
  if (variables !== undefined && variables !== null && !isObject(variables)) return undefined
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    return undefined
  const hash = hashIn(extensions)
  if (extensions !== undefined && extensions !== null && hash === undefined) return undefined
  // With both, there is something to remember: Yoga's way does that.
  if (hash !== undefined && query !== undefined) return undefined
  const text = hash === undefined ? query : persisted.get(hash)
  return typeof text === 'string' ? { query: text, variables, operationName } : undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
