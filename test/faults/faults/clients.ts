/** What clients do to servers: they vanish while something is being started for them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { statusSubscription } from '../operations.ts'
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

/** Asks for a stream of server-sent events, and is gone after a moment. */
async function disconnectDuringSse(url: string, { user, token }: Client, ms: number): Promise<void> {
  const leaving = new AbortController()
  const answer = fetch(url, {
    method: 'POST',
    signal: leaving.signal,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${user.accessToken}`,
      'x-queue-token': token,
    },
    body: JSON.stringify({ query: statusSubscription }),
  })
    .then((response) => response.text())
    .catch(() => undefined)
  await sleep(ms)
  leaving.abort()
  await answer
}

/** Opens a WebSocket, says everything at once, and is gone after a moment. */
async function disconnectDuringWebSocket(url: string, { user, token }: Client, ms: number): Promise<void> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  socket.on('error', () => undefined)
  socket.on('open', () => {
    const payload = { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token }
    socket.send(JSON.stringify({ type: 'connection_init', payload }))
  })
  // The handshake takes its time too.
  socket.on('message', () =>
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: statusSubscription } })),
  )
  await sleep(2 * ms)
  socket.terminate()
}

const pickTransport = (random: Random) => random.pick([disconnectDuringSse, disconnectDuringWebSocket])

const disconnecting: Fault = {
  name: 'clients vanish while a stream starts',
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

/** What clients do that a server has to bear. */
export const clientFaults: readonly Fault[] = [disconnecting]
