/** A thousand subscribers that stop reading, and one that goes on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestUser } from '../faults/users.ts'
import { createQueue, atMostMs, urlOf, type Measurement } from './measurements.ts'
import { openSubscription, type StatusSubscription } from './subscriptions.ts'
import { residentBytes } from '../cluster/processes.ts'
import type { FaultCluster } from '../cluster/types.ts'

const READERS = 1_000
const ROUNDS = 100
/** Which of them goes on reading. */
const READING_CLIENT = 60
const ROUND_MS = 150
const GROWTH_MAX = 0.1

/** The memory of their server, before and after, under the same load. */
export async function slowClients(cluster: FaultCluster): Promise<Measurement[]> {
  const { testConcert, members } = await createQueue(cluster, READERS + 1)
  const server = cluster.servers[0]
  if (!server) throw new Error('there is no server')
  // Near enough to the front to get every update, and far enough not to be admitted.
  const [listener] = members.splice(READING_CLIENT, 1)
  const open = ({ user, token }: (typeof members)[number]): Promise<StatusSubscription> =>
    openSubscription(server.directUrl, user.accessToken, token)
  if (!listener) throw new Error('the queue is empty')
  const awake = await open(listener)
  const deaf: StatusSubscription[] = []
  for (const member of members) deaf.push(await open(member))

  const operator = await createTestUser(cluster, 'operator')
  /** Makes changes that all subscribers get. @returns the slowest update of the one that reads */
  async function load(): Promise<{ slowest: number; bytes: number }> {
    let slowest = 0
    const sizes: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const input = { concertId: testConcert.concertId, paused: round % 2 === 1 }
      const before = awake.received.count
      const began = performance.now()
      await operator.request(urlOf(cluster, 1), 'updateQueue', { input })
      while (awake.received.count === before && performance.now() - began < 5_000) await sleep(5)
      slowest = Math.max(slowest, performance.now() - began)
      await sleep(ROUND_MS)
      if (round >= ROUNDS / 2) sizes.push(residentBytes(server?.pid ?? 0))
    }
    return { slowest, bytes: sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0 }
  }

  const reading = await load()
  deaf.forEach((subscription) => subscription.stopReading())
  const stopped = await load()
  const began = performance.now()
  await server.stop()
  const stopping = performance.now() - began
  for (const subscription of [awake, ...deaf]) subscription.drop()
  await server.start()
  const growth = stopped.bytes / reading.bytes - 1
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
  return [
    {
      what: `${READERS} stop reading: memory, ${megabytes(reading.bytes)} → ${megabytes(stopped.bytes)}`,
      measured: `${(growth * 100).toFixed(1)} %`,
      limit: `${GROWTH_MAX * 100} %`,
      ok: growth <= GROWTH_MAX,
    },
    atMostMs(`${READERS} stop reading: slowest update of the one that reads`, stopped.slowest, 2_000),
    atMostMs(`${READERS} stop reading: the server still stops`, stopping, 14_000),
  ]
}
