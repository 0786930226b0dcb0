/** What the measures of recovery.ts have in common: a line of the table, people in a queue, and questions to servers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readToken } from './log.ts'
import {
  createStand,
  createVisitor,
  enter,
  type Answer,
  type Stand,
  type Visitor,
} from './faults/visitors.ts'
import type { Server, World } from './world/types.ts'

/** One figure: what was measured and what it may be at the most. */
export interface Line {
  what: string
  measured: string
  limit: string
  ok: boolean
}

export const seconds = (what: string, ms: number, limitMs: number): Line => ({
  what,
  measured: `${(ms / 1000).toFixed(2)} s`,
  limit: `${limitMs / 1000} s`,
  ok: ms <= limitMs,
})

/** Something that has to be so many, no more and no less. */
export const exactly = (what: string, count: number, wanted: number): Line => ({
  what,
  measured: String(count),
  limit: String(wanted),
  ok: count === wanted,
})

/** @returns after how many milliseconds it was true; gives up after `limitMs` */
export async function timeUntil(isSo: () => Promise<boolean>, limitMs: number): Promise<number> {
  const began = performance.now()
  while (!(await isSo().catch(() => false))) {
    if (performance.now() - began > limitMs) return Infinity
    await sleep(20)
  }
  return performance.now() - began
}

export interface Member {
  visitor: Visitor
  token: string
  number: number
}

/** How many questions are under way at the same time. */
const BATCH = 20

/** So many people in the line of a new concert, in which nobody is let in. */
export async function createLine(world: World, people: number): Promise<{ stand: Stand; members: Member[] }> {
  const stand = await createStand(world, { capacity: 5 })
  await setPaused(world, stand, true)
  const members: Member[] = []
  while (members.length < people) {
    const batch = Array.from({ length: Math.min(BATCH, people - members.length) }, async (_, index) => {
      const visitor = await createVisitor(world)
      const token = await enter(visitor, urlOf(world, index), stand)
      return { visitor, token, number: readToken(token).number }
    })
    members.push(...(await Promise.all(batch)))
  }
  members.sort((a, b) => a.number - b.number)
  return { stand, members }
}

export async function setPaused(world: World, { concertId }: Stand, paused: boolean): Promise<void> {
  const operator = await createVisitor(world, 'operator')
  const { word } = await operator.ask(urlOf(world, 0), 'updateQueue', { input: { concertId, paused } })
  if (word !== 'ok') throw new Error(`the queue could not be changed: ${word}`)
}

export const urlOf = ({ servers }: World, index: number): string =>
  servers[index % servers.length]?.directUrl ?? ''

/** The position of everybody, a batch at a time; 'Admitted' and the like for those who are not in line. */
export async function positionsOf(world: World, members: readonly Member[]): Promise<(number | string)[]> {
  const positions: (number | string)[] = []
  for (let start = 0; start < members.length; start += BATCH) {
    const batch = members
      .slice(start, start + BATCH)
      .map(async ({ visitor, token }, index): Promise<number | string> => {
        const { fields, word } = await visitor.ask(urlOf(world, index), 'queueTicket', { token })
        const status = fields.status as { __typename: string; position?: number } | undefined
        return status?.position ?? status?.__typename ?? word
      })
    positions.push(...(await Promise.all(batch)))
  }
  return positions
}

/** An answer, and how long it took. */
export interface Timed extends Answer {
  ms: number
}

export async function timed(run: () => Promise<Answer>): Promise<Timed> {
  const began = performance.now()
  const answer = await run().catch((error: unknown): Answer => {
    return { fields: {}, word: `no answer: ${String(error)}`, retryAfterSeconds: undefined }
  })
  return { ...answer, ms: performance.now() - began }
}

/** Is this how a server says that it is too busy? */
export const isBusy = ({ word, retryAfterSeconds }: Answer): boolean =>
  word === 'OVERLOADED' && retryAfterSeconds !== undefined && retryAfterSeconds > 0

export async function statusOf({ directUrl }: Server, path: '/live' | '/ready' | '/health'): Promise<number> {
  const response = await fetch(new URL(path, directUrl), { signal: AbortSignal.timeout(8_000) })
  await response.arrayBuffer()
  return response.status
}
