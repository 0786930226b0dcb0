/** Sends one operation over every path and several times: nothing but the data may decide the answer. */
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { User } from './client.ts'
import type { Log } from './log.ts'
import type { Random, FaultCluster } from './cluster/types.ts'

interface Operation {
  query: string
  variables: Record<string, unknown>
}

type Path = (url: string, operation: Operation, headers: Record<string, string>) => Promise<string>

const ANSWER_MS_MAX = 8_000
/** More than an optimisation may wait for before it changes how an operation is run. */
const REPEATS = 4

const post =
  (accept: string): Path =>
  async (url, operation, headers) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept },
      body: JSON.stringify(operation),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    return response.text()
  }

const get: Path = async (url, { query, variables }, headers) => {
  const search = new URLSearchParams({ query, variables: JSON.stringify(variables) })
  const response = await fetch(`${url}?${search.toString()}`, {
    headers: { ...headers, accept: 'application/json' },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  })
  return response.text()
}

const overWebSocket: Path = (url, operation, connectionParams) => {
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionAckWaitTimeout: ANSWER_MS_MAX,
    connectionParams,
  })
  return new Promise<string>((resolve, reject) => {
    setTimeout(() => reject(new Error('no answer')), ANSWER_MS_MAX)
    client.subscribe(operation, {
      next: (result) => resolve(JSON.stringify(result)),
      error: () => reject(new Error('the connection is gone')),
      complete: () => undefined,
    })
  }).finally(() => client.terminate())
}

const PATHS: Record<string, Path> = {
  'POST, any JSON': post('*/*'),
  'POST, GraphQL over HTTP': post('application/graphql-response+json'),
  GET: get,
  WebSocket: overWebSocket,
}

/** Conditions, fragments that are spread twice, and aliases, over what never changes. */
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

/** Asks about a reservation that is paid for, and writes down what every path answered. */
export async function compare(
  { cluster, log }: { cluster: FaultCluster; log: Log },
  user: User,
  reservationId: string,
  random: Random,
): Promise<void> {
  const query = random.pick(DOCUMENTS)
  const operation = { query, variables: { id: reservationId, a: random.next() < 0.5 } }
  const { url } = random.pick(cluster.servers)
  const headers = { authorization: `Bearer ${user.accessToken}` }
  const answers: { path: string; text: string }[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const [path, send] of Object.entries(PATHS)) {
      const text = await send(url, operation, headers).catch(() => undefined)
      if (text !== undefined && hasNoErrors(text)) answers.push({ path, text })
    }
  }
  log.write({ kind: 'compared', operation: JSON.stringify(operation), answers })
}

/** Was it answered in full? What is broken at the moment may answer with an error, or with half a body. */
function hasNoErrors(text: string): boolean {
  try {
    return !('errors' in (JSON.parse(text) as object))
  } catch {
    return false
  }
}
