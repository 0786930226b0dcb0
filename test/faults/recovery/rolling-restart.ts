/** A rolling restart, with buyers and subscribers on every server. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestUser, withDatabase, type TestUser } from '../faults/users.ts'
import { createQueue, atCount, positionsOf, urlOf, type Measurement } from './measurements.ts'
import { openSubscription, type StatusSubscription } from './subscriptions.ts'
import type { FaultCluster } from '../cluster/types.ts'

const PEOPLE = 200
const BUYERS = 8
const WATCHERS_EACH = 60
const PAUSE_MS = 50
/** A server that stops closes its sockets over 2 s: see src/app.ts. */
const WINDOW_MS = 200
const SHARE_MAX = 0.4

/** Restarts one server after another by SIGTERM, during mutations and subscriptions. */
export async function rollingRestart(cluster: FaultCluster): Promise<Measurement[]> {
  const { members } = await createQueue(cluster, PEOPLE)
  const before = await positionsOf(cluster, members)
  const subscriptions = await openSubscriptions(cluster, members)
  const load = { on: true }
  const users = await Promise.all(Array.from({ length: BUYERS }, () => createTestUser(cluster)))
  const buying = Promise.all(users.map((user, index) => buy(cluster, user, index, load)))

  for (const server of cluster.servers) {
    await server.stop()
    await server.start()
    await sleep(300)
  }
  load.on = false
  const bought = await buying
  const after = await positionsOf(cluster, members)
  const failures = bought.flatMap(({ failed }) => failed)
  const charged = bought.reduce((sum, { charged }) => sum + charged, 0)
  const balance = await withDatabase(cluster, async (sql) => {
    const uuids = users.map(({ uuid }) => uuid)
    const [row] = await sql<[{ sum: number }]>`
      select coalesce(sum(balance), 0)::int as sum from accounts where user_id in ${sql(uuids)}`
    return row.sum
  })
  const all = subscriptions.flat()
  const what = `rolling restart: failed mutations of ${charged} ${[...new Set(failures)].join(', ')}`
  return [
    atCount(what.trim(), failures.length, 0),
    atCount('rolling restart: points charged', balance, charged),
    atCount(
      'rolling restart: positions kept',
      after.filter((position, index) => position === before[index]).length,
      PEOPLE,
    ),
    atCount(
      'rolling restart: sockets closed with 1012',
      all.filter((subscription) => subscription.closed()?.code === 1012).length,
      all.length,
    ),
    ...subscriptions.map((own, index) => spread(own, index)),
  ]
}

function openSubscriptions(
  cluster: FaultCluster,
  members: Parameters<typeof positionsOf>[1],
): Promise<StatusSubscription[][]> {
  return Promise.all(
    cluster.servers.map((_, index) =>
      Promise.all(
        members
          .slice(index * WATCHERS_EACH, (index + 1) * WATCHERS_EACH)
          .map(({ user, token }) => openSubscription(urlOf(cluster, index), user.accessToken, token)),
      ),
    ),
  )
}

/** Charges points one by one. After a refused connection, which is no failure, it uses the next server. */
async function buy(cluster: FaultCluster, user: TestUser, first: number, load: { on: boolean }) {
  const failed: string[] = []
  let charged = 0
  for (let turn = first; load.on; turn++) {
    const input = { amount: 1, idempotencyKey: randomUUID() }
    const { outcome } = await user.request(urlOf(cluster, turn), 'chargePoints', { input })
    if (outcome === 'ok') charged += 1
    else if (outcome !== 'ECONNREFUSED') failed.push(outcome)
    await sleep(outcome === 'ECONNREFUSED' ? 0 : PAUSE_MS)
  }
  return { failed, charged }
}

/** The largest share of a server's sockets that was closed within 200 ms. */
function spread(subscriptions: readonly StatusSubscription[], index: number): Measurement {
  const times = subscriptions.map((subscription) => subscription.closed()?.at ?? 0).sort((a, b) => a - b)
  const worst = Math.max(
    ...times.map((from) => times.filter((at) => at >= from && at < from + WINDOW_MS).length),
  )
  const share = worst / times.length
  return {
    what: `rolling restart: sockets of server ${index} closed within ${WINDOW_MS} ms`,
    measured: `${Math.round(share * 100)} %`,
    limit: `${SHARE_MAX * 100} %`,
    ok: share <= SHARE_MAX,
  }
}
