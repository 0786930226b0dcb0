/** Invariant 13, and a part of 11: what seat lists show. */
import { uuidOf } from '../sales.ts'
import { groupBy, type Call, type Run } from './load-run.ts'
import { reservationsOf, type Reservation } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** Clocks are compared only beyond this. */
const CLOCK_TOLERANCE_MS = 3

interface Shown {
  call: Call
  performance: string
  number: number
  status: string
  /** Everybody who ever had this seat. */
  owners: Reservation[]
}

function shownSeats(run: Run): Shown[] {
  const owners = groupBy(
    reservationsOf(run).flatMap((it) =>
      it.seatNumbers.map((seat) => ({ seat: `${it.performanceId} ${seat}`, it })),
    ),
    ({ seat }) => seat,
  )
  return run.calls
    .filter(({ op, outcome }) => op === 'performances' && outcome === 'ok')
    .flatMap((call) => {
      const dates = call.answer?.list as { id: string; seats: { number: number; status: string }[] }[]
      return dates.flatMap(({ id, seats }) =>
        seats.map(({ number, status }): Shown => {
          const performance = uuidOf(id)
          const had = owners.get(`${performance} ${number}`) ?? []
          return { call, performance, number, status, owners: had.map(({ it }) => it) }
        }),
      )
    })
}

const hasLapsed = ({ status, heldUntil }: Reservation, by: number): boolean =>
  status !== 'PAID' && heldUntil + CLOCK_TOLERANCE_MS < by

/** Seats that somebody let lapse, and that nobody can have taken since. */
function lapsedSeats(run: Run): (Shown & { untidy: boolean })[] {
  return shownSeats(run).flatMap((shown) => {
    const { sentAt, answeredAt } = shown.call
    const before = shown.owners.filter(({ heldAt }) => heldAt < answeredAt + CLOCK_TOLERANCE_MS)
    if (before.length === 0 || !before.every((it) => hasLapsed(it, sentAt))) return []
    const untidy = before.some(({ decidedAt }) => decidedAt === null || decidedAt > answeredAt)
    return [{ ...shown, untidy }]
  })
}

const shownAsFree = ({ call, performance, number, status }: Shown): string | undefined =>
  status === 'AVAILABLE'
    ? undefined
    : `${performance} seat ${number} was shown as ${status} by call ${call.call}, after every hold had lapsed`

const lapsedIsFree = (run: Run): CheckResult => checkEach(lapsedSeats(run), shownAsFree)

const untidyIsFree = (run: Run): CheckResult =>
  checkEach(
    lapsedSeats(run).filter(({ untidy }) => untidy),
    shownAsFree,
  )

/** Whoever asks after a hold was answered sees that the seat is taken; after a payment, that it is sold. */
function takenIsTaken(run: Run): CheckResult {
  const told = new Map<string, { held: number; paid: number }>()
  const reservationOfPayment = new Map(
    run.history.rows.payments.map(({ id, reservation_id }) => [String(id), String(reservation_id)]),
  )
  for (const { op, outcome, answer, answeredNo } of run.calls) {
    if (outcome !== 'ok' || (op !== 'holdSeats' && op !== 'payReservation')) continue
    const id = uuidOf(String(answer?.id))
    const reservation = op === 'holdSeats' ? id : (reservationOfPayment.get(id) ?? '')
    const known = told.get(reservation) ?? { held: Infinity, paid: Infinity }
    const which = op === 'holdSeats' ? 'held' : 'paid'
    told.set(reservation, { ...known, [which]: Math.min(known[which], answeredNo) })
  }
  const facts = shownSeats(run).flatMap((shown) => {
    const { sentNo, answeredAt } = shown.call
    const owner = shown.owners.find(({ id, status, heldUntil, decidedAt }) => {
      const acknowledged = (told.get(id)?.held ?? Infinity) < sentNo
      const cancelled = status === 'CANCELLED' && (decidedAt ?? 0) < answeredAt + CLOCK_TOLERANCE_MS
      // A payment that is decided in time may be committed after it: until it is answered, the hold looks lapsed.
      const paid = (told.get(id)?.paid ?? Infinity) < sentNo
      return acknowledged && !cancelled && (paid || heldUntil > answeredAt + CLOCK_TOLERANCE_MS)
    })
    return owner ? [{ ...shown, sold: (told.get(owner.id)?.paid ?? Infinity) < sentNo }] : []
  })
  return checkEach(facts, ({ call, performance, number, status, sold }) => {
    const right = sold ? status === 'SOLD' : status !== 'AVAILABLE'
    const is = sold ? 'sold' : 'taken'
    return right ? undefined : `${performance} seat ${number} was ${is}, call ${call.call} shows ${status}`
  })
}

export const seatListChecks: readonly Check[] = [
  { invariant: 11, name: 'a seat that was taken is shown as taken', run: takenIsTaken },
  { invariant: 13, name: 'a lapsed hold is shown as free', run: lapsedIsFree },
  { invariant: 13, name: 'also before it is ended', needsAllFaults: true, run: untidyIsFree },
]
