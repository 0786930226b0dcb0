/** Who may do what: the owner of an object, the holder of a queue ticket, an admitted ticket, an operator. */
import type { Context } from './context.ts'
import { Problem } from '../domain/problem.ts'
import { notAdmitted, otherConcert, type QueueTicket } from '../domain/queue.ts'
import type { Viewer } from '../domain/users.ts'

/** May the viewer see what belongs to this user? */
export const canView = (viewer: Viewer, ownerId: string): boolean =>
  viewer.role === 'operator' || viewer.userId === ownerId

/** The signed-in user; null: none. */
export function viewerOrNull(context: Context): Viewer | null {
  try {
    return context.viewer()
  } catch {
    return null
  }
}

/**
 * The user that an operation is about: the caller, unless an operator names another.
 * @throws Problem UNAUTHENTICATED, FORBIDDEN
 */
export function subjectOf(context: Context, userId: string | null | undefined): string {
  const viewer = context.viewer()
  const subject = userId ?? viewer.userId
  if (!canView(viewer, subject)) throw new Problem('FORBIDDEN', 'You can do this only for yourself.')
  return subject
}

/** @throws Problem UNAUTHENTICATED, FORBIDDEN */
export function requireOperator(context: Context): Viewer {
  const viewer = context.viewer()
  if (viewer.role !== 'operator') throw new Problem('FORBIDDEN', 'Only operators can do this.')
  return viewer
}

/**
 * The queue ticket of a token. Whoever has the token may read the ticket's status.
 * @param token the argument of the operation; without it, the token that came with the request is used
 * @throws Problem QUEUE_TICKET_INVALID
 */
export function requireTicket(context: Context, token?: string | null): QueueTicket {
  const sent = token ?? context.queueToken
  if (sent === undefined || sent === '') {
    throw new Problem('QUEUE_TICKET_INVALID', 'Send the token of your queue ticket as "X-Queue-Token".')
  }
  const ticket = context.queueTokens.verify(sent)
  if (!ticket) {
    throw new Problem(
      'QUEUE_TICKET_INVALID',
      'This is not a queue token of this service. Use the token that issueQueueToken returned.',
    )
  }
  return ticket
}

/**
 * The caller's own queue ticket.
 * @param token as for requireTicket
 * @throws Problem UNAUTHENTICATED; QUEUE_TICKET_INVALID also for another user's
 */
export function requireOwnTicket(context: Context, token?: string | null): QueueTicket {
  const { userId } = context.viewer()
  const ticket = requireTicket(context, token)
  if (ticket.userId !== userId) {
    throw new Problem('QUEUE_TICKET_INVALID', 'This queue ticket belongs to another user.')
  }
  return ticket
}

/**
 * The caller's own ticket for this concert, whatever its status.
 * @param token as for requireTicket
 * @returns null for an operator, who needs none
 * @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID
 */
function requireTicketFor(context: Context, concertId: string, token?: string | null): QueueTicket | null {
  if (context.viewer().role === 'operator') return null
  const ticket = requireOwnTicket(context, token)
  if (ticket.concertId !== concertId) throw otherConcert()
  return ticket
}

/**
 * The caller's own, admitted ticket for this concert. Its first use starts the turn. Operators need no ticket.
 * @param token as for requireTicket
 * @returns null for an operator
 * @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID, NOT_ADMITTED, OVERLOADED
 */
export async function requireAdmission(
  context: Context,
  concertId: string,
  token?: string | null,
): Promise<QueueTicket | null> {
  const ticket = requireTicketFor(context, concertId, token)
  if (!ticket) return null
  const status = await context.loaders.admissions.load(ticket)
  if (status.kind !== 'Admitted') throw notAdmitted()
  return ticket
}

/**
 * Would `requireAdmission` succeed? Asking starts no turn, and does not count as presence. A ticket that cannot be checked,
 * because Redis is unreachable, counts as none.
 */
export async function isAdmitted(context: Context, concertId: string): Promise<boolean> {
  try {
    const ticket = requireTicketFor(context, concertId)
    return !ticket || (await context.loaders.ticketStatuses.load(ticket)).kind === 'Admitted'
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}
