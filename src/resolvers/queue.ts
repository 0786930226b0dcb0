import type { Context } from './context.ts'
import * as queueDb from '../db/queue.ts'
import type { Concert } from '../domain/catalog.ts'
import { Problem } from '../domain/problem.ts'
import type { QueueStatus, QueueTicket } from '../domain/queue.ts'
import { SalesClosed } from '../domain/refusals.ts'
import { requireOperator, requireTicket, subjectOf } from './authorization.ts'
import { concertOf } from './catalog.ts'
import { enforceRateLimits } from './rate-limits.ts'

/** A ticket as its owner sees it: signed, and with what became of it so far. */
export interface IssuedTicket extends QueueTicket {
  token: string
  status: QueueStatus
}

const toIssuedTicket = (context: Context, ticket: QueueTicket, status: QueueStatus): IssuedTicket => ({
  ...ticket,
  token: context.queueTokens.sign(ticket),
  status,
})

export async function issueQueueToken(
  _: unknown,
  {
    input,
  }: {
    input: {
      concertId: string
      userId?: string | null | undefined
      botCheckToken?: string | null | undefined
    }
  },
  context: Context,
): Promise<IssuedTicket> {
  const userId = subjectOf(context, input.userId)
  const viewer = context.viewer()
  await enforceRateLimits(context, ['joinsPerUser', viewer.userId], ['joinsPerAddress', context.address])
  const lastPerformanceAt = await context.lastPerformanceAt.fetch(input.concertId)
  if (lastPerformanceAt === undefined) throw new Problem('NOT_FOUND', 'There is no such concert.')
  if (lastPerformanceAt <= context.now().getTime()) throw new SalesClosed()
  if (viewer.role !== 'operator') await context.botCheck?.check(input.botCheckToken, context.address)
  const { ticket, status } = await context.queue.join(input.concertId, userId)
  return toIssuedTicket(context, ticket, status)
}

export async function queueTicket(
  _: unknown,
  { token }: { token?: string | null | undefined },
  context: Context,
): Promise<IssuedTicket> {
  const ticket = requireTicket(context, token)
  return toIssuedTicket(context, ticket, await context.queue.status(ticket))
}

export function queueStatus(
  _: unknown,
  { token }: { token?: string | null | undefined },
  context: Context,
): AsyncIterable<QueueStatus> {
  const startedAt = performance.now()
  return context.queue.subscribe(requireTicket(context, token), context.lastSeenAt ?? (() => startedAt))
}

/**
 * PostgreSQL first: it cancels the holds, and nothing is held with the ticket from then on. While Redis is away the answer is
 * OVERLOADED, for the ticket still has its place there: the outbox takes it out of the line when Redis is back.
 */
export async function leaveQueue(
  _: unknown,
  { input }: { input: { token: string } },
  context: Context,
): Promise<IssuedTicket> {
  const ticket = requireTicket(context, input.token)
  subjectOf(context, ticket.userId)
  await enforceRateLimits(context, ['leavesPerUser', ticket.userId])
  context.loaders.admissions.clear(ticket)
  const end = await queueDb.leaveQueue(context.db, ticket)
  context.wakeRelay()
  if (end === 'PAID') await context.queue.finish(ticket)
  return toIssuedTicket(context, ticket, await context.queue.leave(ticket))
}

/** An operator's change is in Redis, and so in force on every instance, before it is answered. */
export async function updateQueue(
  _: unknown,
  {
    input,
  }: {
    input: {
      concertId: string
      capacity?: number | null | undefined
      ratePerSecond?: number | null | undefined
      paused?: boolean | null | undefined
    }
  },
  context: Context,
): Promise<Concert> {
  const { userId } = requireOperator(context)
  const settings = await queueDb.updateQueue(context.db, userId, input.concertId, {
    capacity: input.capacity ?? undefined,
    ratePerSecond: input.ratePerSecond,
    paused: input.paused ?? undefined,
  })
  if (!settings) throw new Problem('NOT_FOUND', 'There is no such concert.')
  await context.queue.configure(input.concertId, settings)
  context.loaders.concerts.clear(input.concertId)
  return concertOf({ concertId: input.concertId }, _, context)
}

export const waitingCount = async (concert: Concert, _: unknown, context: Context): Promise<number> =>
  (await context.loaders.queueCounts.load(concert.id)).waiting

export const admittedCount = async (concert: Concert, _: unknown, context: Context): Promise<number> =>
  (await context.loaders.queueCounts.load(concert.id)).admitted
