/** Thousands of waiting clients whose sockets are dropped at once, and which reconnect. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createQueue,
  atCount,
  atMostMs,
  timeUntil,
  type Measurement,
  type QueuedUser,
} from './measurements.ts'
import { openSubscription, type StatusSubscription } from './subscriptions.ts'
import type { FaultCluster } from '../cluster/types.ts'

const WAITING = 5_000
/** How many connect at the same time at first. */
const AT_ONCE = 100
const BACK_MS_MAX = 15_000
/** The wait before each attempt, at random: up to the first, then up to twice as long each time. */
const RETRY_MS = { first: 500, longest: 4_000 }

/** A client that reconnects to another server whenever its socket closes. */
interface ReconnectingClient {
  /** Undefined: not connected. */
  serverIndex: number | undefined
  connectedAt: number
  /** The last position received. */
  position(): unknown
  stop(): void
}

/** Resolves when it is connected for the first time. */
async function connectClient(
  cluster: FaultCluster,
  { user, token }: QueuedUser,
  first: number,
): Promise<ReconnectingClient> {
  let subscription: StatusSubscription | undefined
  let gone = false
  const client: ReconnectingClient = {
    serverIndex: undefined,
    connectedAt: 0,
    position: () =>
      (subscription?.received.last as { data?: { queueTicketChanges: { status: { position?: number } } } })
        .data?.queueTicketChanges.status.position,
    stop: () => {
      gone = true
      subscription?.drop()
    },
  }

  async function connect(): Promise<void> {
    for (let tries = 0; !gone && client.serverIndex === undefined; tries++) {
      const index = (first + tries) % cluster.servers.length
      try {
        subscription = await openSubscription(cluster.servers[index]?.url ?? '', user.accessToken, token)
        Object.assign(client, { serverIndex: index, connectedAt: performance.now() })
      } catch {
        await sleep(Math.random() * Math.min(RETRY_MS.first * 2 ** tries, RETRY_MS.longest))
      }
    }
  }
  async function stay(): Promise<void> {
    while (!gone) {
      await subscription?.ended
      client.serverIndex = undefined
      await sleep(Math.random() * RETRY_MS.first)
      await connect()
    }
  }
  await connect()
  void stay()
  return client
}

/** Measures until every client has its subscription again, and compares the positions. */
export async function socketsDropped(cluster: FaultCluster): Promise<Measurement[]> {
  const { members } = await createQueue(cluster, WAITING)
  const clients: ReconnectingClient[] = []
  for (let start = 0; start < members.length; start += AT_ONCE) {
    const batch = members.slice(start, start + AT_ONCE)
    clients.push(...(await Promise.all(batch.map((member, index) => connectClient(cluster, member, index)))))
  }
  const positions = clients.map((client) => client.position())

  async function measure(
    what: string,
    dropped: readonly ReconnectingClient[],
    drop: () => void,
  ): Promise<Measurement[]> {
    const began = performance.now()
    drop()
    const isBack = ({ serverIndex, connectedAt }: ReconnectingClient): boolean =>
      serverIndex !== undefined && connectedAt > began
    const back = await timeUntil(() => Promise.resolve(dropped.every(isBack)), 2 * BACK_MS_MAX)
    const kept = clients.filter((client, index) => client.position() === positions[index])
    return [
      atMostMs(`${what}: until all are reconnected`, back, BACK_MS_MAX),
      atCount(`${what}: positions kept`, kept.length, WAITING),
    ]
  }

  const cutAll = (): void => cluster.links.client.forEach((link) => link.cut())
  const measurements = await measure(`all ${WAITING} sockets dropped at once`, clients, cutAll)
  const [victim] = cluster.servers
  const ofVictim = clients.filter(({ serverIndex }) => serverIndex === 0)
  const kill = (): void => victim?.kill('SIGKILL')
  measurements.push(...(await measure(`a server with ${ofVictim.length} of them killed`, ofVictim, kill)))
  clients.forEach((client) => client.stop())
  await victim?.ended()
  await victim?.start()
  return measurements
}
