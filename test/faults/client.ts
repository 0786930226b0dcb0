/** Sends operations to the servers, and writes each down before it goes and when it is answered. */
import { createAuth } from '../../src/auth/access-tokens.ts'
import type { Answered, Log, Outcome, Ticket } from './log.ts'
import { readToken } from './log.ts'
import { documents, type Op } from './operations.ts'
import type { FaultCluster } from './cluster/types.ts'

/** Longer than any deadline of a server: whoever has not answered by then never will. */
const TIMEOUT_MS = 8_000

/** Somebody with an access token. */
export interface User {
  uuid: string
  accessToken: string
}

export interface RequestOptions {
  user: User
  server: number
  /** The queue ticket to show. */
  token?: string | undefined
  theft?: string | undefined
}

export interface Result {
  outcome: Outcome
  code: string | undefined
  /** Of HTTP; undefined: there was no answer. */
  status?: number
  /** What the operation's field said; a list is under `list`. */
  answer: Record<string, unknown> | undefined
}

export interface ApiClient {
  request(op: Op, variables: Record<string, unknown>, options: RequestOptions): Promise<Result>
  createUser(uuid: string, role?: 'buyer' | 'operator'): Promise<User>
  /** How it went so far, for the progress line. */
  counts: Record<Outcome, number>
}

interface Body {
  data?: Record<string, unknown> | null
  errors?: { message: string; extensions?: { code?: string } }[]
}

/** Codes after which it may have been done, or will be done by trying again. */
const UNKNOWN_OUTCOME = new Set(['OVERLOADED', 'INTERNAL'])

/** A server has a short way for who takes any JSON, and a long one for who knows the media type of GraphQL over HTTP. */
const ACCEPTED = ['*/*', 'application/graphql-response+json, application/json;q=0.9'] as const

export function createApiClient(cluster: FaultCluster, log: Log): ApiClient {
  const auth = createAuth({ kind: 'secret', secret: cluster.env.AUTH_SECRET ?? '' })
  const counts: ApiClient['counts'] = { ok: 0, refused: 0, unknown: 0 }
  let last = 0

  async function send(call: number, op: Op, variables: object, options: RequestOptions): Promise<Result> {
    const { user, server, token } = options
    const response = await fetch(cluster.servers[server]?.url ?? '', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: ACCEPTED[call % ACCEPTED.length] ?? '',
        authorization: `Bearer ${user.accessToken}`,
        ...(token === undefined ? {} : { 'x-queue-token': token }),
      },
      body: JSON.stringify({ query: documents[op], variables }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const { status } = response
    const body = parsed(await response.text())
    return body
      ? { ...toResult(op, body), status }
      : { outcome: 'unknown', code: 'NOT_JSON', answer: undefined, status }
  }

  return {
    counts,
    request: async (op, variables, options) => {
      const call = (last += 1)
      const { user, server, token, theft } = options
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
      const result = await send(call, op, variables, options).catch((error: unknown): Result => {
        return { outcome: 'unknown', code: errorCodeOf(error), answer: undefined }
      })
      counts[result.outcome] += 1
      const answered: Omit<Answered, 'at'> = { kind: 'answered', call, ...result }
      log.write(answered)
      return result
    },
    createUser: async (uuid, role = 'buyer') => ({
      uuid,
      accessToken: await auth.issue({ userId: uuid, role }, 7_200),
    }),
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

/** Undefined: it is not JSON, or cut off in the middle. */
function parsed(text: string): Body | undefined {
  try {
    return JSON.parse(text) as Body
  } catch {
    return undefined
  }
}

function toResult(op: Op, { data, errors }: Body): Result {
  const error = errors?.[0]
  if (error) {
    const code = error.extensions?.code ?? 'NO_CODE'
    const outcome = UNKNOWN_OUTCOME.has(code) ? 'unknown' : 'refused'
    return { outcome, code, answer: { message: error.message } }
  }
  const value = data?.[op]
  if (value === undefined) return { outcome: 'unknown', code: 'NO_DATA', answer: undefined }
  if (value === null) return { outcome: 'refused', code: 'NULL', answer: undefined }
  const answer = Array.isArray(value) ? { list: value as unknown[] } : (value as Record<string, unknown>)
  if ('message' in answer) return { outcome: 'refused', code: String(answer.__typename), answer }
  return { outcome: 'ok', code: undefined, answer }
}

/** Of what went wrong on the way: the innermost code there is. */
function errorCodeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  const { code } = (error.cause ?? error) as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}
