import type { Context } from './context.ts'
import * as queueDb from '../db/queue.ts'
import { Problem } from '../domain/problem.ts'
import type { QueueStatus, QueueTicket } from '../domain/queue.ts'
import { SalesClosed } from '../domain/refusals.ts'
import { requireTicket, subjectOf } from './authorization.ts'
import { invalidate } from './invalidate.ts'
import { enforceRateLimits } from './rate-limits.ts'

export type TicketWithStatus = QueueTicket & { status: QueueStatus }

interface TokenArgs {
  token?: string | null | undefined
}

interface IssueQueueTokenInput {
  concertId: string
  userId?: string | null | undefined
  botCheckToken?: string | null | undefined
}

/** The token is made when it is asked for: signing costs more than the rest of an event of a subscription. */
export const token = (ticket: QueueTicket, _: unknown, { queueTokens }: Context): string =>
  queueTokens.sign(ticket)

/** @throws Problem UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED, NOT_FOUND, OVERLOADED; SalesClosed */
export async function issueQueueToken(
  _: unknown,
  { input }: { input: IssueQueueTokenInput },
  context: Context,
): Promise<TicketWithStatus> {
  const userId = subjectOf(context, input.userId)
  const viewer = context.viewer()
  await enforceRateLimits(context, ['joinsPerUser', viewer.userId], ['joinsPerAddress', context.address])
  const lastPerformanceAt = await context.lastPerformanceAt(input.concertId)
  if (lastPerformanceAt === undefined) throw new Problem('NOT_FOUND', 'There is no such concert.')
  if (lastPerformanceAt <= context.now().getTime()) throw new SalesClosed()
  if (viewer.role !== 'operator') await context.botCheck?.check(input.botCheckToken, context.address)
  const { ticket, status } = await context.queue
    .join(input.concertId, userId)
    .finally(() => invalidate(context))
  return { ...ticket, status }
}

/** @throws Problem QUEUE_TICKET_INVALID, OVERLOADED */
export async function queueTicket(
  _: unknown,
  { token }: TokenArgs,
  context: Context,
): Promise<TicketWithStatus> {
  const ticket = requireTicket(context, token)
  return { ...ticket, status: await context.queue.status(ticket) }
}

/** @throws Problem QUEUE_TICKET_INVALID */
export function queueTicketChanges(
  _: unknown,
  { token }: TokenArgs,
  context: Context,
): AsyncIterable<QueueStatus> {
  const startedAt = performance.now()
  return context.queue.subscribe(requireTicket(context, token), context.lastSeenAt ?? (() => startedAt))
}

/** The ticket of a subscription, with the status that an event has brought. */
export const changedTicket = (
  status: QueueStatus,
  { token }: TokenArgs,
  context: Context,
): TicketWithStatus => ({ ...requireTicket(context, token), status })

/**
 * The live tickets of a user for these concerts, as Redis has them, and those that a payment has spent, as PostgreSQL has them.
 * Reading them does not count as presence.
 * @throws Problem OVERLOADED
 */
export async function findTickets(
  { queue, db }: Context,
  userId: string,
  concertIds: readonly string[],
): Promise<TicketWithStatus[]> {
  const [found, spent] = await Promise.all([
    Promise.all(concertIds.map((id) => queue.find(id, userId))),
    queueDb.listSpentTickets(db, { userId, concertIds }),
  ])
  const finished = spent.map(({ concertId, number, spentAt }) => ({
    userId,
    concertId,
    number,
    status: { kind: 'Finished' as const, at: spentAt },
  }))
  const isSpent = (ticket: QueueTicket): boolean =>
    finished.some(({ concertId, number }) => concertId === ticket.concertId && number === ticket.number)
  const live = found.flatMap((one) => (one ? [{ ...one.ticket, status: one.status }] : []))
  return [...live.filter((ticket) => !isSpent(ticket)), ...finished]
}

/**
 * The ticket with this number: the one whose token came with the request, or one of the caller's own.
 * @returns null: there is none, or it has lapsed, or it belongs to another user
 * @throws Problem UNAUTHENTICATED, FORBIDDEN, OVERLOADED
 */
export async function ticketByNumber(
  { concertId, number }: Pick<QueueTicket, 'concertId' | 'number'>,
  context: Context,
): Promise<TicketWithStatus | null> {
  const isWanted = (ticket: QueueTicket): boolean =>
    ticket.concertId === concertId && ticket.number === number
  const sent = context.queueTokens.verify(context.queueToken ?? '')
  if (sent && isWanted(sent)) return { ...sent, status: await context.queue.status(sent) }
  return (await findTickets(context, context.viewer().userId, [concertId])).find(isWanted) ?? null
}

/**
 * PostgreSQL first: it cancels the holds, and nothing is held with the ticket from then on. While Redis is unreachable the
 * answer is OVERLOADED, because the ticket still has its place there: the outbox removes it when Redis is back.
 * @throws Problem UNAUTHENTICATED, FORBIDDEN, QUEUE_TICKET_INVALID, RATE_LIMITED, OVERLOADED
 */
export async function leaveQueue(
  _: unknown,
  { input }: { input: { token: string } },
  context: Context,
): Promise<TicketWithStatus> {
  const ticket = requireTicket(context, input.token)
  subjectOf(context, ticket.userId)
  await enforceRateLimits(context, ['leavesPerUser', ticket.userId])
  const end = await queueDb.leaveQueue(context.db, ticket).finally(() => invalidate(context))
  context.wakeRelay()
  if (end === 'PAID') await context.queue.finish(ticket)
  return { ...ticket, status: await context.queue.leave(ticket) }
}
