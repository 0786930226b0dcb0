/** The parameters of a GraphQL request: https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters */
import { GraphQLError } from 'graphql'

/** As they were sent, whatever their types. Other members than these are ignored. */
export interface OperationParams {
  query?: unknown
  variables?: unknown
  operationName?: unknown
  extensions?: unknown
}

export interface CheckedParams {
  /** Undefined: the document is named by its hash. */
  query: string | undefined
  /** SHA-256 of the document, in hexadecimal: see persisted-documents.ts. */
  hash: string | undefined
  variables: Record<string, unknown> | undefined
  operationName: string | undefined
}

/** @throws GraphQLError that names the parameter that is missing or of the wrong type */
export function checkParams(params: OperationParams): CheckedParams {
  const { query, variables, operationName, extensions } = params
  if (!isObjectOrAbsent(variables)) throw wrongType('variables', 'empty or an object', variables)
  if (!isObjectOrAbsent(extensions)) throw wrongType('extensions', 'empty or an object', extensions)
  const hash = hashFrom(extensions)
  if (query === null || (query === undefined && hash === undefined)) throw missingQuery(params)
  if (query !== undefined && typeof query !== 'string') throw wrongType('query', 'a string', query)
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw wrongType('operationName', 'empty or a string', operationName)
  }
  return {
    query,
    hash,
    variables: variables ?? undefined,
    operationName: operationName ?? undefined,
  }
}

/** The hash of a persisted document. Clients send other extensions too: Apollo Client 4 `clientLibrary`. */
function hashFrom(extensions: Record<string, unknown> | null | undefined): string | undefined {
  const { version, sha256Hash } = (extensions?.persistedQuery ?? {}) as Record<string, unknown>
  return version === 1 && typeof sha256Hash === 'string' ? sha256Hash : undefined
}

const isObjectOrAbsent = (value: unknown): value is Record<string, unknown> | null | undefined =>
  value === undefined || (typeof value === 'object' && !Array.isArray(value))

const NAMES: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions'])

/** A misspelt parameter is named. */
function missingQuery(params: object): GraphQLError {
  const unknown = Object.entries(params).find(([name, value]) => !NAMES.has(name) && value !== null)
  return unknown
    ? badRequest(`Unexpected parameter "${unknown[0]}" in the request body.`)
    : new GraphQLError('Must provide query string.')
}

function wrongType(name: string, expected: string, given: unknown): GraphQLError {
  const type = Array.isArray(given) ? 'array' : typeof given
  return badRequest(`Expected "${name}" param to be ${expected}, but given ${type}.`)
}

/** Over HTTP its status is 400, also where application/json is accepted, whose status is 200 for other errors. */
const badRequest = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { http: { status: 400 } } })
