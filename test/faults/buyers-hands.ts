/** What a buyer can do with one operation: once, twice at the same time, again elsewhere, until it is known. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Calls, Person, Reply } from './calls.ts'
import type { Loot } from './buyers-loot.ts'
import type { Log } from './log.ts'
import { keyed, type Op } from './operations.ts'
import type { Sales } from './sales.ts'
import type { Watching } from './watching.ts'
import type { Random, World } from './world/types.ts'

/** What all buyers share. */
export interface Stage {
  world: World
  log: Log
  calls: Calls
  watching: Watching
  sales: Sales
  loot: Loot
  /** Keeps a user's account locked for so many seconds; resolves when it is free again. */
  gate(user: string, seconds: number): Promise<void>
  /** Until when somebody may be silent. */
  graceMs: number
  /** Aborted when nothing new should be begun. */
  signal: AbortSignal
}

/** Somebody, and the chances that they take. */
export interface Buyer {
  person: Person
  random: Random
  stage: Stage
  /** The queue ticket to show. */
  token?: string
}

const DOUBLE_CLICK = 0.12
const REPEAT = 0.12
const RETRIES_MAX = 5

/** A UUID that comes from the seed. */
export function uuidFrom(random: Random): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => random.int(0, 15).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
}

/** Should nothing new be begun any more? */
export const isOver = ({ stage }: Pick<Buyer, 'stage'>): boolean => stage.signal.aborted

export const chance = ({ random }: { random: Random }, likely: number): boolean => random.next() < likely

/** Waits, unless nothing new should be begun. */
export async function rest({ stage }: Buyer, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: stage.signal }).catch(() => undefined)
}

/** Sends one operation once, to any server. */
export function once(
  { stage, person, token, random }: Buyer,
  op: Op,
  variables: Record<string, unknown>,
  { theft, shown = token }: { theft?: string; shown?: string | undefined } = {},
): Promise<Reply> {
  const server = random.int(0, stage.world.servers.length - 1)
  return stage.calls.ask(op, variables, { person, server, token: shown, theft })
}

/**
 * Sends a mutation as people and their browsers do: sometimes twice at once, again when nobody knows what became
 * of it, and sometimes once more although it is known. Always with the same key, each time to any server.
 */
export async function act(buyer: Buyer, op: Op, input: Record<string, unknown>): Promise<Reply> {
  const variables = { input }
  const send = (): Promise<Reply> => once(buyer, op, variables)
  const [reply, double] = await Promise.all([send(), chance(buyer, DOUBLE_CLICK) ? send() : undefined])
  let known = reply.outcome === 'unknown' && double ? double : reply
  for (let retry = 0; retry < RETRIES_MAX && known.outcome === 'unknown'; retry++) {
    if (isOver(buyer)) return known
    await rest(buyer, buyer.random.int(100, 1_000))
    known = await send()
  }
  if (keyed.has(op) && chance(buyer, REPEAT)) await send()
  return known
}

/** A key of one's own, and now and then one that has been used for something else, by oneself. */
export function keyFor(buyer: Buyer): string {
  const { loot } = buyer.stage
  const used = loot.keysOf(buyer.person.uuid)
  if (used.length > 0 && chance(buyer, 0.03)) return buyer.random.pick(used)
  const key = uuidFrom(buyer.random)
  used.push(key)
  return key
}

/** Puts points on one's own balance. */
export async function charge(buyer: Buyer, amount: number): Promise<void> {
  await act(buyer, 'chargePoints', { amount, idempotencyKey: keyFor(buyer) })
}
