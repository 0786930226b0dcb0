/** After the last fault: servers are healthy, subscriptions agree with queries, and seats can be bought again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createQueueTokenSigner } from '../../../src/auth/queue-tokens.ts'
import { checkPurchase } from './purchase.ts'
import { request, probe, RECOVERY_MS, isTrueWithin, type FinalCheckContext } from './context.ts'
import { withConnection } from '../history.ts'
import type { Status } from '../log.ts'
import { uuidOf, whenReachable, type Sale } from '../sales.ts'
import type { Subscription } from '../subscriptions.ts'
import type { FaultCluster } from '../cluster/types.ts'

const QUIET_MS = 15_000
const ASKED_MAX = 60
const PROBES = 3
/** How long buyers go on after the last fault, so that the log shows the recovery. */
const CALM_MS = 8_000
/** More than can be waiting at the end. */
const CAPACITY_FOR_ALL = 1_000

/** Lets the buyers go on without faults, then checks. Logs the results. */
export async function runFinalChecks(context: FinalCheckContext): Promise<void> {
  const { cluster, buyers, subscriptions, sales, log, graceMs } = context
  const ready = await isTrueWithin(RECOVERY_MS, async () =>
    (await Promise.all(cluster.servers.map(({ directUrl }) => isHealthy(directUrl)))).every(Boolean),
  )
  log.write({
    kind: 'finalCheck',
    check: 'ready',
    ok: ready,
    about: 'every server is ready and reports both stores as healthy',
  })
  await sleep(graceMs + CALM_MS)
  await buyers.stop()
  const sale = sales.all.at(-1)
  if (sale) {
    for (const open of sales.all.slice(-PROBES)) await sales.updateQueue(open, { paused: true })
    await checkStreamsAgree(context, sale)
    await Promise.all([...subscriptions.open].map((subscription) => subscription.stop()))
    for (const open of sales.all.slice(-PROBES))
      await sales.updateQueue(open, { paused: false, capacity: CAPACITY_FOR_ALL, ratePerSecond: null })
    await checkPurchase(context, sale)
  }
  await querySpentTickets(context)
  await Promise.all([...subscriptions.open].map((subscription) => subscription.stop()))
  for (const { index, directUrl } of cluster.servers) {
    let left = NaN
    const ok = await isTrueWithin(RECOVERY_MS, async () => (left = await subscriptionCount(directUrl)) === 0)
    const about = `server ${index} has ${left} subscriptions left after all have stopped`
    log.write({ kind: 'finalCheck', check: 'released', ok, about })
  }
  const drained = await isTrueWithin(10_000, async () => (await outboxLength(cluster)) === 0)
  log.write({ kind: 'finalCheck', check: 'drained', ok: drained, about: 'the outbox is empty' })
}

/** Every subscription shows what a query shows, also right after a user has left. */
async function checkStreamsAgree(context: FinalCheckContext, sale: Sale): Promise<void> {
  const { subscriptions, random, log } = context
  const probes = await Promise.all(Array.from({ length: PROBES }, () => probe(context, sale)))
  const opened = probes.flatMap(({ user, token }) =>
    token ? [subscriptions.subscribe(user, token, random)] : [],
  )
  await Promise.all(opened.map((subscription) => subscription.until(() => true, QUIET_MS)))
  const first = probes[0]
  if (first?.token) await request(context, first.user, 'leaveQueue', { input: { token: first.token } })
  await Promise.all(
    [...subscriptions.open].slice(-ASKED_MAX).map(async (subscription) => {
      let queried: Status | undefined
      const ok = await isTrueWithin(QUIET_MS, async () => {
        queried = await statusOf(context, subscription)
        return queried !== undefined && agrees(subscription.status, queried)
      })
      const about = `the subscription shows ${JSON.stringify(subscription.status)}, the query ${JSON.stringify(queried)}`
      log.write({ kind: 'finalCheck', check: 'quiet', ok, about })
    }),
  )
}

async function statusOf(
  context: FinalCheckContext,
  { user, token }: Subscription,
): Promise<Status | undefined> {
  const { answer } = await request(context, user, 'queueTicket', { token })
  return answer?.status as Status | undefined
}

/** A subscription ends when its ticket lapses; a payment for a late hold may still finish that ticket. */
const agrees = (seen: Status | undefined, queried: Status): boolean =>
  (seen?.__typename === 'Lapsed' && queried.__typename === 'Finished') || isSame(seen, queried)

const isSame = (seen: Status | undefined, queried: Status): boolean =>
  seen?.__typename === queried.__typename &&
  seen.position === queried.position &&
  seen.until === queried.until &&
  seen.reason === queried.reason

async function querySpentTickets(context: FinalCheckContext): Promise<void> {
  const { cluster, sales } = context
  const [first = '', ...more] = (cluster.env.TICKET_SECRETS ?? '').split(',')
  const signer = createQueueTokenSigner([first, ...more])
  const concerts = sales.all.slice(-PROBES).map(({ concertId }) => uuidOf(concertId))
  const spent = await whenReachable(() =>
    withConnection(
      cluster.databaseUrl,
      (sql) => sql<{ concertId: string; userId: string; number: number }[]>`
        select concert_id as "concertId", user_id as "userId", number::int from spent_tickets
        where concert_id in ${sql(concerts)} order by spent_at desc limit ${ASKED_MAX}`,
    ),
  )
  for (const ticket of spent) {
    const user = await context.client.createUser(ticket.userId)
    await request(context, user, 'queueTicket', { token: signer.sign(ticket) })
  }
}

const outboxLength = (cluster: FaultCluster): Promise<number> =>
  withConnection(cluster.databaseUrl, async (sql) => {
    const [row] = await sql<[{ length: number }]>`select count(*)::int as length from outbox`
    return row.length
  })

async function subscriptionCount(graphqlUrl: string): Promise<number> {
  const response = await fetch(new URL('/metrics', graphqlUrl), { signal: AbortSignal.timeout(2_000) })
  return Number(/^stagedoor_subscriptions(?:\{.*\})? (\d+)/m.exec(await response.text())?.[1])
}

async function isHealthy(graphqlUrl: string): Promise<boolean> {
  const answers = await Promise.all(
    ['/ready', '/health'].map((path) =>
      fetch(new URL(path, graphqlUrl), { signal: AbortSignal.timeout(5_000) }),
    ),
  )
  return answers.every(({ ok }) => ok)
}
