/** The id of a request: it is in the log, and in responses with errors. */
import type { IncomingMessage } from 'node:http'
import type { GraphQLErrorExtensions } from 'graphql'
import { v7 as uuidv7 } from 'uuid'

export const REQUEST_ID_HEADER = 'x-request-id'

/** Ids of proxies; nothing that could be mistaken for something else in a log. */
const REQUEST_ID_PATTERN = /^[\w.:=+/-]{1,128}$/

export const parseRequestId = (text: string | undefined): string | undefined =>
  text !== undefined && REQUEST_ID_PATTERN.test(text) ? text : undefined

/** The id that a proxy has set, if any. */
export const requestIdFromHeader = ({ headers }: IncomingMessage): string | undefined =>
  parseRequestId(headers[REQUEST_ID_HEADER]?.toString())

interface ErrorLike {
  extensions?: GraphQLErrorExtensions | undefined
}

/** The id under which the errors of a request are in the log. */
export function requestIdFor(request: IncomingMessage, errors: readonly ErrorLike[] = []): string {
  const reported = errors.find(({ extensions }) => typeof extensions?.requestId === 'string')
  return (reported?.extensions?.requestId as string | undefined) ?? requestIdFromHeader(request) ?? uuidv7()
}
