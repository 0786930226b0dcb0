/** The doors: whose objects, whose ticket, whose turn. */
import type { Context } from './context.ts'
import { Problem } from '../domain/problem.ts'
import type { QueueTicket } from '../domain/queue.ts'
import type { Viewer } from '../domain/users.ts'

/** May the viewer see what belongs to this user? */
export const canView = (viewer: Viewer, ownerId: string): boolean =>
  viewer.role === 'operator' || viewer.userId === ownerId

/** Who is signed in, if anybody is. */
export function viewerOrNull(context: Context): Viewer | null {
  try {
    return context.viewer()
  } catch {
    return null
  }
}

/**
 * The user that an operation is about: the caller, unless an operator names somebody else.
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
 * The queue ticket that a token stands for. Whoever has the token may ask how it stands.
 * @param token as an argument; otherwise the one that came with the request
 * @throws Problem QUEUE_TICKET_INVALID
 */
export function requireTicket(context: Context, token?: string | null): QueueTicket {
  const shown = token ?? context.queueToken
  if (shown === undefined || shown === '') {
    throw new Problem('QUEUE_TICKET_INVALID', 'Show your queue ticket: send its token as "X-Queue-Token".')
  }
  const ticket = context.queueTokens.verify(shown)
  if (!ticket) {
    throw new Problem(
      'QUEUE_TICKET_INVALID',
      'This is not a queue ticket of ours. Use the token that issueQueueToken gave you.',
    )
  }
  return ticket
}

/**
 * The caller's own queue ticket.
 * @param token as for requireTicket
 * @throws Problem UNAUTHENTICATED; QUEUE_TICKET_INVALID also for somebody else's
 */
export function requireOwnTicket(context: Context, token?: string | null): QueueTicket {
  const { userId } = context.viewer()
  const ticket = requireTicket(context, token)
  if (ticket.userId !== userId) {
    throw new Problem('QUEUE_TICKET_INVALID', 'This queue ticket was given to somebody else.')
  }
  return ticket
}

/**
 * The gate: the caller's own ticket for this concert, admitted. Asking claims the admission.
 * @param token as for requireTicket
 * @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID, NOT_ADMITTED, OVERLOADED
 */
export async function requireAdmission(
  context: Context,
  concertId: string,
  token?: string | null,
): Promise<QueueTicket> {
  const ticket = requireOwnTicket(context, token)
  if (ticket.concertId !== concertId) {
    throw new Problem('QUEUE_TICKET_INVALID', 'This queue ticket is for another concert.')
  }
  const status = await context.loaders.admissions.load(ticket)
  if (status.kind === 'Admitted') return ticket
  throw new Problem(
    'NOT_ADMITTED',
    status.kind === 'Waiting'
      ? `It is not your turn yet: you are number ${status.position} in line.`
      : 'This queue ticket has ended. Join the queue again for a new one.',
  )
}

/**
 * Has the caller shown an admitted ticket of their own for this concert? Unlike `requireAdmission` it never fails: a ticket
 * that cannot be checked, because Redis is away, counts as none.
 */
export async function isAdmitted(context: Context, concertId: string): Promise<boolean> {
  try {
    await requireAdmission(context, concertId)
    return true
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}
