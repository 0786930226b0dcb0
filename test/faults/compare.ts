/** Sends one operation over every path and several times: only the data may decide the response. */
import { createClient, type Credentials } from '../../client/client.ts'
import { headersOf } from '../../client/http.ts'
import { nodeWebSocket } from '../../client/node.ts'
import type { User } from './client.ts'
import type { Log } from './log.ts'
import type { Random, FaultCluster } from './cluster/types.ts'

interface Operation {
  query: string
  variables: Record<string, unknown>
}

type Path = (url: string, operation: Operation, credentials: Credentials) => Promise<string>

const RESPONSE_MS_MAX = 8_000
/** An optimisation may change how an operation runs after it was seen a few times. */
const REPEATS = 4

const post =
  (accept: string): Path =>
  async (url, operation, credentials) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headersOf(credentials), 'content-type': 'application/json', accept },
      body: JSON.stringify(operation),
      signal: AbortSignal.timeout(RESPONSE_MS_MAX),
    })
    return response.text()
  }

const get: Path = async (url, { query, variables }, credentials) => {
  const search = new URLSearchParams({ query, variables: JSON.stringify(variables) })
  const response = await fetch(`${url}?${search.toString()}`, {
    headers: { ...headersOf(credentials), accept: 'application/json' },
    signal: AbortSignal.timeout(RESPONSE_MS_MAX),
  })
  return response.text()
}

const webSocketImpl = nodeWebSocket()
const overWebSocket: Path = (url, { query, variables }, credentials) => {
  const options = { retry: false, transport: 'websocket', webSocketImpl } as const
  const client = createClient({ url, credentials, ...options })
  return new Promise<string>((resolve, reject) => {
    setTimeout(() => reject(new Error('no response')), RESPONSE_MS_MAX)
    client.subscribe(query, variables, {
      onNext: (data) => resolve(JSON.stringify({ data })),
      onError: reject,
    })
  }).finally(() => void client.close().catch(() => undefined))
}

const PATHS: Record<string, Path> = {
  'POST, any JSON': post('*/*'),
  'POST, GraphQL over HTTP': post('application/graphql-response+json'),
  GET: get,
  WebSocket: overWebSocket,
}

/** Conditions, fragments spread twice, and aliases, over data that does not change. */
const DOCUMENTS = [
  `query ($id: ID!, $a: Boolean!) { reservation(id: $id) { ...R @include(if: $a) ...R } }
    fragment R on Reservation { id price payment { id amount } }`,
  `query ($id: ID!, $a: Boolean!) { reservation(id: $id) { ...R @include(if: $a) price } }
    fragment R on Reservation { payment { id } }`,
  `query ($id: ID!, $a: Boolean!) { node(id: $id) { id @skip(if: $a) ... on Reservation { price payment { ...P } payment { amount } } } }
    fragment P on Payment { id amount @include(if: $a) }`,
  `query ($id: ID!, $a: Boolean!) { first: reservation(id: $id) { status ...R } again: reservation(id: $id) { ...R @skip(if: $a) } }
    fragment R on Reservation { seats { number } ... on Reservation @include(if: $a) { id } }`,
]

/** Logs the responses of all paths about a reservation that is paid. */
export async function compare(
  { cluster, log }: { cluster: FaultCluster; log: Log },
  user: User,
  reservationId: string,
  random: Random,
): Promise<void> {
  const query = random.pick(DOCUMENTS)
  const operation = { query, variables: { id: reservationId, a: random.next() < 0.5 } }
  const { url } = random.pick(cluster.servers)
  const { accessToken } = user
  const answers: { path: string; text: string }[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const [path, send] of Object.entries(PATHS)) {
      const text = await send(url, operation, { accessToken }).catch(() => undefined)
      if (text !== undefined && hasNoErrors(text)) answers.push({ path, text })
    }
  }
  log.write({ kind: 'compared', operation: JSON.stringify(operation), answers })
}

/** A fault may cause errors, or cut the body. */
function hasNoErrors(text: string): boolean {
  try {
    return !('errors' in (JSON.parse(text) as object))
  } catch {
    return false
  }
}
