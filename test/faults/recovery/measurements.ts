/** What the recovery measurements share: a row of the table, users in a queue, and requests to servers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readToken } from '../log.ts'
import {
  createTestConcert,
  createTestUser,
  joinQueue,
  type Result,
  type TestConcert,
  type TestUser,
} from '../faults/users.ts'
import type { Server, FaultCluster } from '../cluster/types.ts'

/** One row: what was measured, and its limit. */
export interface Measurement {
  what: string
  measured: string
  limit: string
  ok: boolean
}

export const atMostMs = (what: string, ms: number, limitMs: number): Measurement => ({
  what,
  measured: `${(ms / 1000).toFixed(2)} s`,
  limit: `${limitMs / 1000} s`,
  ok: ms <= limitMs,
})

/** A count that has to be exact. */
export const atCount = (what: string, count: number, wanted: number): Measurement => ({
  what,
  measured: String(count),
  limit: String(wanted),
  ok: count === wanted,
})

/** @returns after how many milliseconds it became true; Infinity after `limitMs` */
export async function timeUntil(isTrue: () => Promise<boolean>, limitMs: number): Promise<number> {
  const began = performance.now()
  while (!(await isTrue().catch(() => false))) {
    if (performance.now() - began > limitMs) return Infinity
    await sleep(20)
  }
  return performance.now() - began
}

export interface QueuedUser {
  user: TestUser
  token: string
  number: number
}

/** Concurrent requests. */
const BATCH = 20

/** Users in the queue of a new concert, which is paused. */
export async function createQueue(
  cluster: FaultCluster,
  count: number,
): Promise<{ testConcert: TestConcert; members: QueuedUser[] }> {
  const testConcert = await createTestConcert(cluster, { capacity: 5 })
  await setPaused(cluster, testConcert, true)
  const members: QueuedUser[] = []
  while (members.length < count) {
    const batch = Array.from({ length: Math.min(BATCH, count - members.length) }, async (_, index) => {
      const user = await createTestUser(cluster)
      const token = await joinQueue(user, urlOf(cluster, index), testConcert)
      return { user, token, number: readToken(token).number }
    })
    members.push(...(await Promise.all(batch)))
  }
  members.sort((a, b) => a.number - b.number)
  return { testConcert, members }
}

export async function setPaused(
  cluster: FaultCluster,
  { concertId }: TestConcert,
  paused: boolean,
): Promise<void> {
  const operator = await createTestUser(cluster, 'operator')
  const { outcome } = await operator.request(urlOf(cluster, 0), 'updateQueue', {
    input: { concertId, paused },
  })
  if (outcome !== 'ok') throw new Error(`updateQueue failed: ${outcome}`)
}

export const urlOf = ({ servers }: FaultCluster, index: number): string =>
  servers[index % servers.length]?.directUrl ?? ''

/** The position of each user, or the status of those who are not waiting. */
export async function positionsOf(
  cluster: FaultCluster,
  members: readonly QueuedUser[],
): Promise<(number | string)[]> {
  const positions: (number | string)[] = []
  for (let start = 0; start < members.length; start += BATCH) {
    const batch = members
      .slice(start, start + BATCH)
      .map(async ({ user, token }, index): Promise<number | string> => {
        const { fields, outcome } = await user.request(urlOf(cluster, index), 'queueTicket', {
          token,
        })
        const status = fields.status as { __typename: string; position?: number } | undefined
        return status?.position ?? status?.__typename ?? outcome
      })
    positions.push(...(await Promise.all(batch)))
  }
  return positions
}

export interface Timed extends Result {
  ms: number
}

export async function timed(run: () => Promise<Result>): Promise<Timed> {
  const began = performance.now()
  const result = await run()
  return { ...result, ms: performance.now() - began }
}

export const isOverloaded = ({ outcome, retryAfterSeconds }: Result): boolean =>
  outcome === 'OVERLOADED' && retryAfterSeconds !== undefined && retryAfterSeconds > 0

export async function statusOf({ directUrl }: Server, path: '/live' | '/ready' | '/health'): Promise<number> {
  const response = await fetch(new URL(path, directUrl), { signal: AbortSignal.timeout(8_000) })
  await response.arrayBuffer()
  return response.status
}
