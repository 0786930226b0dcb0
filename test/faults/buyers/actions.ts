/** How buyers send an operation: once, twice at once, or again until its outcome is known. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient, User, Result } from '../client.ts'
import type { SharedState } from './shared-state.ts'
import type { Log } from '../log.ts'
import { idempotentOperations, type Op } from '../operations.ts'
import type { Sales } from '../sales.ts'
import type { Subscriptions } from '../subscriptions.ts'
import type { Random, FaultCluster } from '../cluster/types.ts'

/** What all buyers share. */
export interface BuyerContext {
  cluster: FaultCluster
  log: Log
  client: ApiClient
  subscriptions: Subscriptions
  sales: Sales
  shared: SharedState
  /** Locks the account of a user; resolves when it is released. */
  lockAccount(user: string, seconds: number): Promise<void>
  /** The grace period for absence. */
  graceMs: number
  /** Aborted when buyers should stop. */
  signal: AbortSignal
}

export interface Buyer {
  user: User
  random: Random
  context: BuyerContext
  /** The queue ticket. */
  token?: string
}

const DOUBLE_CLICK = 0.12
const REPEAT = 0.12
const RETRIES_MAX = 5

/** A UUID that depends on the seed. */
export function uuidFrom(random: Random): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => random.int(0, 15).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
}

export const isStopping = ({ context }: Pick<Buyer, 'context'>): boolean => context.signal.aborted

export const chance = ({ random }: { random: Random }, probability: number): boolean =>
  random.next() < probability

/** Waits; ends early when buyers should stop. */
export async function pause({ context }: Buyer, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: context.signal }).catch(() => undefined)
}

/** Sends one operation once, to any server. */
export function sendOnce(
  { context, user, token, random }: Buyer,
  op: Op,
  variables: Record<string, unknown>,
  { theft, shown = token }: { theft?: string; shown?: string | undefined } = {},
): Promise<Result> {
  const server = random.int(0, context.cluster.servers.length - 1)
  return context.client.request(op, variables, { user, server, token: shown, theft })
}

/**
 * Sends a mutation as browsers do: sometimes twice at once, again while the outcome is unknown, and sometimes once more
 * after that. The idempotency key is the same each time; the server is random.
 */
export async function send(buyer: Buyer, op: Op, input: Record<string, unknown>): Promise<Result> {
  const variables = { input }
  const send = (): Promise<Result> => sendOnce(buyer, op, variables)
  const [first, double] = await Promise.all([send(), chance(buyer, DOUBLE_CLICK) ? send() : undefined])
  let decided = first.outcome === 'unknown' && double ? double : first
  for (let retry = 0; retry < RETRIES_MAX && decided.outcome === 'unknown'; retry++) {
    if (isStopping(buyer)) return decided
    await pause(buyer, buyer.random.int(100, 1_000))
    decided = await send()
  }
  if (idempotentOperations.has(op) && chance(buyer, REPEAT)) await send()
  return decided
}

/** A new idempotency key, or seldom one that the buyer has used for another operation. */
export function keyFor(buyer: Buyer): string {
  const { shared } = buyer.context
  const used = shared.keysOf(buyer.user.uuid)
  if (used.length > 0 && chance(buyer, 0.03)) return buyer.random.pick(used)
  const key = uuidFrom(buyer.random)
  used.push(key)
  return key
}

export async function charge(buyer: Buyer, amount: number): Promise<void> {
  await send(buyer, 'chargePoints', { amount, idempotencyKey: keyFor(buyer) })
}
