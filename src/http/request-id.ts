/** What a request is called, in the log and to whoever asks about an error. */
import type { IncomingMessage } from 'node:http'
import type { GraphQLErrorExtensions } from 'graphql'
import { v7 as uuidv7 } from 'uuid'

export const REQUEST_ID = 'x-request-id'

/** What a proxy may call it: nothing that would look like something else in a log. */
const SANE = /^[\w.:=+/-]{1,128}$/

export const saneName = (name: string | undefined): string | undefined =>
  name !== undefined && SANE.test(name) ? name : undefined

/** What a proxy has called it, if anything. */
export const givenName = ({ headers }: IncomingMessage): string | undefined =>
  saneName(headers[REQUEST_ID]?.toString())

interface Named {
  extensions?: GraphQLErrorExtensions | undefined
}

/** What the answer to it says: the name under which its errors are in the log. */
export function nameOf(request: IncomingMessage, errors: readonly Named[] = []): string {
  const reported = errors.find(({ extensions }) => typeof extensions?.requestId === 'string')
  return (reported?.extensions?.requestId as string | undefined) ?? givenName(request) ?? uuidv7()
}
