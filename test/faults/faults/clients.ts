/** Clients that disconnect while the server starts a subscription for them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { headersOf } from '../../../client/http.ts'
import { ticketSubscription } from '../operations.ts'
import { subscribeRaw } from '../raw-subscription.ts'
import { createTestConcert, createTestUser, joinQueue, type TestUser } from './users.ts'
import type { Fault, Random } from '../cluster/types.ts'
import { retry } from './timing.ts'

const CLIENTS = 60
/** A stream is started within a few milliseconds on a quiet machine. */
const DISCONNECT_MS_MAX = 25

interface Client {
  user: TestUser
  token: string
}

/** Requests a stream of server-sent events, and aborts after `ms`. */
async function disconnectDuringSse(url: string, { user, token }: Client, ms: number): Promise<void> {
  const leaving = new AbortController()
  const answer = fetch(url, {
    method: 'POST',
    signal: leaving.signal,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...headersOf({ accessToken: user.accessToken, queueToken: token }),
    },
    body: JSON.stringify({ query: ticketSubscription }),
  })
    .then((response) => response.text())
    .catch(() => undefined)
  await sleep(ms)
  leaving.abort()
  await answer
}

/** Subscribes over a WebSocket, and drops it after a while. */
async function disconnectDuringWebSocket(url: string, { user, token }: Client, ms: number): Promise<void> {
  const socket = subscribeRaw(url, { accessToken: user.accessToken, queueToken: token })
  await sleep(2 * ms) // the handshake takes its time too
  socket.terminate()
}

const pickTransport = (random: Random) => random.pick([disconnectDuringSse, disconnectDuringWebSocket])

const disconnecting: Fault = {
  name: 'clients disconnect while a stream starts',
  target: 'clients',
  run: async (cluster, random, signal) => {
    let client: Client | undefined
    await retry(async () => {
      const testConcert = await createTestConcert(cluster)
      const user = await createTestUser(cluster)
      client = { user, token: await joinQueue(user, cluster.servers[0]?.directUrl ?? '', testConcert) }
    })
    for (let index = 0; client && index < CLIENTS && !signal.aborted; index++) {
      const { directUrl } = random.pick(cluster.servers)
      await pickTransport(random)(directUrl, client, random.int(0, DISCONNECT_MS_MAX))
    }
  },
}

export const clientFaults: readonly Fault[] = [disconnecting]
