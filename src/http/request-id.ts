/** What a request is called, in the log and to whoever asks about an error. */
import type { IncomingMessage } from 'node:http'
import type { GraphQLErrorExtensions } from 'graphql'
import { v7 as uuidv7 } from 'uuid'

export const REQUEST_ID_HEADER = 'x-request-id'

/** What a proxy may call it: nothing that would look like something else in a log. */
const REQUEST_ID_PATTERN = /^[\w.:=+/-]{1,128}$/

export const parseRequestId = (name: string | undefined): string | undefined =>
  name !== undefined && REQUEST_ID_PATTERN.test(name) ? name : undefined

/** What a proxy has called it, if anything. */
export const requestIdFromHeader = ({ headers }: IncomingMessage): string | undefined =>
  parseRequestId(headers[REQUEST_ID_HEADER]?.toString())

interface ErrorLike {
  extensions?: GraphQLErrorExtensions | undefined
}

/** What the answer to it says: the name under which its errors are in the log. */
export function requestIdFor(request: IncomingMessage, errors: readonly ErrorLike[] = []): string {
  const reported = errors.find(({ extensions }) => typeof extensions?.requestId === 'string')
  return (reported?.extensions?.requestId as string | undefined) ?? requestIdFromHeader(request) ?? uuidv7()
}
