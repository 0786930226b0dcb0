/** The client of the fault runs: sends operations to any server, and logs each before it is sent and when it is answered. */
import { createAuth } from '../../src/auth/access-tokens.ts'
import { ApiError, createClient, type Credentials, type GraphQLResponse } from '../../client/client.ts'
import type { Fetch } from '../../client/http.ts'
import { nodeWebSocket } from '../../client/node.ts'
import { readToken, type Answered, type Log, type Outcome, type Ticket } from './log.ts'
import { fieldsOf, operations, type Op } from './operations.ts'
import type { FaultCluster } from './cluster/types.ts'

/** Longer than any deadline of a server. */
const TIMEOUT_MS = 8_000

export interface User {
  uuid: string
  accessToken: string
}

export interface RequestOptions {
  user: User
  server: number
  /** The queue ticket to show. */
  token?: string | undefined
  /** What it uses of another user: see Sent. */
  theft?: string | undefined
}

export interface Result {
  outcome: Outcome
  code: string | undefined
  /** Of HTTP; undefined: no response. */
  status?: number
  /** The fields of the response: see fieldsOf. */
  answer: Record<string, unknown> | undefined
  retryAfterSeconds?: number | undefined
}

export interface ApiClient {
  request(op: Op, variables: Record<string, unknown>, options: RequestOptions): Promise<Result>
  createUser(uuid: string, role?: 'buyer' | 'operator'): Promise<User>
  /** Of the outcomes so far, for the progress line. */
  counts: Record<Outcome, number>
}

/** Codes of errors after which the operation may have had its effect, or would have it when sent again. */
const UNKNOWN_OUTCOME = new Set(['OVERLOADED', 'INTERNAL'])

/** Responses to `*\/*` come from the fast path of the server, the others from Yoga. */
const ACCEPTED = ['*/*', 'application/graphql-response+json, application/json;q=0.9'] as const
let requests = 0
const webSocketImpl = nodeWebSocket()
const alternatingFetch: Fetch = (url, { headers, ...init }) =>
  fetch(url, { ...init, headers: { ...headers, accept: ACCEPTED[requests++ % ACCEPTED.length] ?? '' } })

/** Sends an operation once. @throws never: no response is an unknown outcome */
export async function sendOperation(
  url: string,
  op: Op,
  variables: object,
  credentials: Credentials,
  timeoutMs = TIMEOUT_MS,
): Promise<Result> {
  const client = createClient({ url, timeoutMs, retry: false, fetch: alternatingFetch, webSocketImpl })
  const response = await client
    .send<Record<string, unknown>>(operations[op] as never, variables, credentials)
    .catch((error: unknown) => error as ApiError)
  if (!(response instanceof ApiError)) return toResult(op, response)
  const code = response.code.replace('NETWORK ', '')
  const status = /^HTTP_(\d+)$/.exec(code)?.[1]
  return { outcome: 'unknown', code, answer: undefined, ...(status && { status: Number(status) }) }
}

function toResult(op: Op, { status, data, errors }: GraphQLResponse<Record<string, unknown>>): Result {
  const error = errors?.[0]
  if (error) {
    const { code = 'NO_CODE', retryAfterSeconds } = error.extensions ?? {}
    const outcome = UNKNOWN_OUTCOME.has(code) ? 'unknown' : 'refused'
    return { status, outcome, code, answer: { message: error.message }, retryAfterSeconds }
  }
  const value = data?.[op]
  if (value === undefined) return { status, outcome: 'unknown', code: 'NO_DATA', answer: undefined }
  if (value === null) return { status, outcome: 'refused', code: 'NULL', answer: undefined }
  const answer = fieldsOf(op, value)
  if ('message' in answer) return { status, outcome: 'refused', code: String(answer.__typename), answer }
  return { status, outcome: 'ok', code: undefined, answer }
}

export async function createUser(
  { env }: FaultCluster,
  uuid: string,
  role: 'buyer' | 'operator' = 'buyer',
): Promise<User> {
  const auth = createAuth({ kind: 'secret', secret: env.AUTH_SECRET ?? '' })
  return { uuid, accessToken: await auth.issue({ userId: uuid, role }, 7_200) }
}

export function createApiClient(cluster: FaultCluster, log: Log): ApiClient {
  const counts: ApiClient['counts'] = { ok: 0, refused: 0, unknown: 0 }
  let last = 0
  return {
    counts,
    request: async (op, variables, { user, server, token, theft }) => {
      const call = (last += 1)
      log.write({
        kind: 'sent',
        call,
        op,
        user: user.uuid,
        server,
        args: argsOf(variables),
        ticket: token === undefined ? undefined : ticketOf(token),
        theft,
      })
      const url = cluster.servers[server]?.url ?? ''
      const credentials = { accessToken: user.accessToken, queueToken: token }
      const result = await sendOperation(url, op, variables, credentials)
      counts[result.outcome] += 1
      const answered: Omit<Answered, 'at'> = { kind: 'answered', call, ...result }
      log.write(answered)
      return result
    },
    createUser: (uuid, role) => createUser(cluster, uuid, role),
  }
}

const argsOf = (variables: Record<string, unknown>): Record<string, unknown> =>
  (variables.input as Record<string, unknown> | undefined) ?? variables

function ticketOf(token: string): Ticket | undefined {
  try {
    return readToken(token)
  } catch {
    return undefined
  }
}
