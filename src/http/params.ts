import type { IncomingMessage } from 'node:http'
import type { OperationParams } from '../graphql/params.ts'

/**
 * Reads the parameters of a GraphQL request from its JSON body, or from its URL unless it is a POST.
 * @returns undefined: they cannot be read
 */
export function readParams({ method, url = '' }: IncomingMessage, body: string): OperationParams | undefined {
  try {
    const params: unknown = method === 'POST' ? JSON.parse(body) : paramsInUrl(url)
    return typeof params === 'object' && params !== null && !Array.isArray(params) ? params : undefined
  } catch {
    return undefined
  }
}

function paramsInUrl(url: string): OperationParams {
  const { searchParams } = new URL(url, 'http://localhost')
  const parse = (name: string): unknown => JSON.parse(searchParams.get(name) || 'null')
  return {
    query: searchParams.get('query') ?? undefined,
    variables: parse('variables'),
    operationName: searchParams.get('operationName'),
    extensions: parse('extensions'),
  }
}
