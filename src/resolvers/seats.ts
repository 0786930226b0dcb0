import type { Context } from './context.ts'
import { seatMap, type Performance, type Seat, type SeatStatus } from '../domain/catalog.ts'
import { filterMap } from '../domain/latest-value.ts'
import { Problem } from '../domain/problem.ts'
import type { Reservation } from '../domain/reservations.ts'
import { canView, requireAdmission, viewerOrNull } from './authorization.ts'
import { performanceOf, type PerformanceRef } from './performances.ts'

/** Seats that one operation may go through, whatever it returns of them: five times the largest date there can be. */
const SEATS_MAX = 50_000

/** @throws Problem BAD_INPUT when the operation goes through more seats than it may */
function countSeatsRead(context: Context, count: number): void {
  context.seatsRead = (context.seatsRead ?? 0) + count
  if (context.seatsRead <= SEATS_MAX) return
  throw new Problem(
    'BAD_INPUT',
    `One operation can go through ${SEATS_MAX} seats. Ask for the seats of one date at a time.`,
  )
}

/**
 * Checks the admission itself: a performance is also reached through a reservation or a concert.
 * @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID, NOT_ADMITTED, OVERLOADED, BAD_INPUT
 */
export async function seats(
  performance: Performance,
  { status }: { status?: SeatStatus | null | undefined },
  context: Context,
): Promise<Seat[]> {
  await requireAdmission(context, performance.concertId)
  countSeatsRead(context, performance.seatCount)
  const all = seatMap(performance, await context.loaders.takenSeats.load(performance.id))
  return status ? all.filter((seat) => seat.status === status) : all
}

/** @throws as `seats` */
export async function seat(
  { performanceId, number }: Pick<Seat, 'performanceId' | 'number'>,
  context: Context,
): Promise<Seat | null> {
  context.viewer()
  const performance = await context.loaders.performances.load(performanceId)
  if (!performance) return null
  await requireAdmission(context, performance.concertId)
  const [found] = number <= performance.seatCount ? await seatsOf(performance, [number], context) : []
  return found ?? null
}

/** The seats of a reservation, in order, each with its present status. Other seats of the date are not read. */
export const reservedSeats = async (
  reservation: Reservation,
  _: unknown,
  context: Context,
): Promise<Seat[]> => {
  const numbers = [...new Set(reservation.seatNumbers)].sort((a, b) => a - b)
  return seatsOf(await performanceOf(reservation, _, context), numbers, context)
}

const seatsOf = (
  { id, seatPrice }: Performance,
  numbers: readonly number[],
  { loaders }: Context,
): Promise<Seat[]> =>
  Promise.all(
    numbers.map(async (number) => ({
      performanceId: id,
      number,
      price: seatPrice,
      status: await loaders.seatStatuses.load({ performanceId: id, number }),
    })),
  )

/** The reservation that a seat belongs to now; null for an available seat, and for everybody but its owner and operators. */
export async function seatReservation(
  { performanceId, number, status }: Seat,
  _: unknown,
  context: Context,
): Promise<Reservation | null> {
  const viewer = viewerOrNull(context)
  if (!viewer || status === 'AVAILABLE') return null
  const ownerId = viewer.role === 'operator' ? null : viewer.userId
  const id = (await context.loaders.seatReservations(ownerId).load(performanceId)).get(number)
  const found = id === undefined ? null : await context.loaders.reservations.load(id)
  return found && canView(viewer, found.userId) ? found : null
}

/** A message of `seatChanges`. */
export interface SeatChangesEvent {
  performance: PerformanceRef
  snapshot: boolean
  seats: readonly Seat[]
}

/**
 * Ends when the admission of the caller's ticket does, after the changes up to then; for an operator it goes on.
 * @throws Problem UNAUTHENTICATED, NOT_FOUND, QUEUE_TICKET_INVALID, NOT_ADMITTED, OVERLOADED
 */
export async function seatChanges(
  _: unknown,
  { performanceId, token }: { performanceId: string; token?: string | null | undefined },
  context: Context,
): Promise<AsyncIterable<SeatChangesEvent>> {
  context.viewer()
  const performance = await context.loaders.performances.load(performanceId)
  if (!performance) throw new Problem('NOT_FOUND', 'There is no such performance.')
  const ticket = await requireAdmission(context, performance.concertId, token)
  const admissionEnd =
    ticket && filterMap(context.queue.subscribe(ticket), ({ kind }) => kind !== 'Admitted' || undefined)
  return filterMap(
    context.seats.subscribe(performanceId, admissionEnd ?? undefined),
    ({ takenCount, snapshot, seats }): SeatChangesEvent => ({
      performance: { ...performance, takenCount },
      snapshot,
      seats,
    }),
  )
}
