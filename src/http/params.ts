/** The parameters of a GraphQL request: https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters */
import type { IncomingMessage } from 'node:http'
import { hashFrom, type PersistedDocuments } from '../graphql/persisted-documents.ts'

/** Parameters of the right types, with the document put in where only its hash came. */
export interface Params {
  query: string
  variables: Record<string, unknown> | null | undefined
  operationName: string | null | undefined
}

/** Parameters as they came. */
export interface RawParams {
  query?: unknown
  variables?: unknown
  operationName?: unknown
  extensions?: unknown
}

/**
 * Reads the parameters from a body of JSON, or from the address. Members that the specification does not know are ignored.
 * @returns undefined: they cannot be read
 */
export function readParams({ method, url = '' }: IncomingMessage, body: string): RawParams | undefined {
  try {
    const given: unknown = method === 'POST' ? JSON.parse(body) : paramsInUrl(url)
    if (!isObject(given)) return undefined
    const { query, variables, operationName, extensions } = given
    return { query, variables, operationName, extensions }
  } catch {
    return undefined
  }
}

/** @returns undefined: something about them is wrong, or has to be remembered */
export function checkParams(given: RawParams | undefined, persisted: PersistedDocuments): Params | undefined {
  if (!given) return undefined
  const { query, variables, operationName, extensions } = given
  if (variables !== undefined && variables !== null && !isObject(variables)) return undefined
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    return undefined
  if (extensions !== undefined && extensions !== null && !isObject(extensions)) return undefined
  const hash = hashFrom(extensions)
  // With both, there is something to remember: Yoga's way does that.
  if (hash !== undefined && query !== undefined) return undefined
  const text = hash === undefined ? query : persisted.get(hash)
  return typeof text === 'string' ? { query: text, variables, operationName } : undefined
}

function paramsInUrl(url: string): RawParams {
  const { searchParams } = new URL(url, 'http://localhost')
  const jsonOf = (name: string): unknown => JSON.parse(searchParams.get(name) || 'null')
  return {
    query: searchParams.get('query') ?? undefined,
    variables: jsonOf('variables'),
    operationName: searchParams.get('operationName'),
    extensions: jsonOf('extensions'),
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
