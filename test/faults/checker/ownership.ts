/** Invariants 1, 8, 9 and 10: who has a seat, how a reservation moves, and what paying for it means. */
import type { Run } from './load-run.ts'
import { groupBy } from './load-run.ts'
import { claimsOf, endOf, reservationsOf, toReservation, type Reservation } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

const allowed = new Set(['HELD PAID', 'HELD EXPIRED', 'HELD CANCELLED', 'PAID REFUNDED'])

/** From held_at until its claim is released nobody else has the seat. */
function noOverlap(run: Run): CheckResult {
  const reservations = new Map(reservationsOf(run).map((it) => [it.id, it]))
  const spans = claimsOf(run).map((claim) => ({
    seat: `${claim.performanceId} seat ${claim.seatNumber}`,
    id: claim.reservationId,
    from: reservations.get(claim.reservationId)?.heldAt ?? 0,
    until: claim.releasedAt ?? Infinity,
  }))
  const pairs = [...groupBy(spans, ({ seat }) => seat).values()].flatMap((owners) => {
    const inOrder = owners.sort((a, b) => a.from - b.from || a.until - b.until)
    return inOrder.slice(1).map((later, index) => ({ earlier: inOrder[index] as typeof later, later }))
  })
  return checkEach(pairs, ({ earlier, later }) =>
    earlier.until > later.from
      ? `${later.seat} belongs to ${earlier.id} until ${earlier.until} and to ${later.id} from ${later.from}`
      : undefined,
  )
}

/** A lapsed hold lets go of its seats when it is ended, or before that, when somebody else takes them. */
function isReleasedInTime(
  releasedAt: number | null,
  status: Reservation['status'],
  heldUntil: number,
  decidedAt: number | null,
): boolean {
  if (status === 'CANCELLED') return releasedAt === decidedAt
  if (status === 'EXPIRED' && releasedAt !== null)
    return releasedAt >= heldUntil && releasedAt <= (decidedAt ?? 0)
  return releasedAt === null || (status === 'HELD' && releasedAt >= heldUntil)
}

function claimsFit(run: Run): CheckResult {
  const claims = groupBy(claimsOf(run), ({ reservationId }) => reservationId)
  return checkEach(reservationsOf(run), ({ id, seatNumbers, status, heldUntil, decidedAt }) => {
    const own = claims.get(id) ?? []
    const seats = own.map(({ seatNumber }) => seatNumber).sort((a, b) => a - b)
    if (seats.join() !== [...seatNumbers].sort((a, b) => a - b).join()) {
      return `${id} is for ${seatNumbers.join()} and claims ${seats.join()}`
    }
    return own.some(({ releasedAt }) => !isReleasedInTime(releasedAt, status, heldUntil, decidedAt))
      ? `${id} is ${status}, its claims were released at ${own.map((it) => it.releasedAt).join()}`
      : undefined
  })
}

/** What somebody has at the moment in which they take more. */
function withinLimit(run: Run): CheckResult {
  const byUser = groupBy(reservationsOf(run), ({ userId, concertId }) => `${userId} ${concertId}`)
  return checkEach(reservationsOf(run), (taken) => {
    const own = byUser.get(`${taken.userId} ${taken.concertId}`) ?? []
    const live = own.filter((it) => it.heldAt <= taken.heldAt && endOf(it) > taken.heldAt)
    const seats = live.reduce((sum, it) => sum + it.seatNumbers.length, 0)
    return seats > run.settings.seatsPerUserMax
      ? `${taken.userId} has ${seats} seats with ${taken.id}`
      : undefined
  })
}

function moves(run: Run): CheckResult {
  const changes = run.history.changes.filter(({ tbl }) => tbl === 'reservations')
  return checkEach(changes, ({ op, was, now }) => {
    if (op === 'DELETE') return `${String(was?.id)} was deleted`
    const after = toReservation(now ?? {})
    if (op === 'INSERT') return after.status === 'HELD' ? undefined : `${after.id} began as ${after.status}`
    const before = toReservation(was ?? {})
    if (!allowed.has(`${before.status} ${after.status}`)) {
      return `${after.id} moved from ${before.status} to ${after.status}`
    }
    const kept = (it: Reservation) => JSON.stringify({ ...it, status: null, decidedAt: null })
    return kept(before) === kept(after) ? undefined : `${after.id} changed: ${kept(before)} to ${kept(after)}`
  })
}

/** PAID ⇔ exactly one payment ⇔ one transfer; amount = price; payer = holder. */
function paid(run: Run): CheckResult {
  const { payments, transfers } = run.history.rows
  const byReservation = groupBy(payments, (row) => String(row.reservation_id))
  const byPayment = groupBy(transfers, (row) => String(row.payment_id))
  const strays = payments.length - [...byReservation.values()].length
  const found = checkEach(reservationsOf(run), ({ id, status, price, userId }) => {
    const own = byReservation.get(id) ?? []
    const sold = status === 'PAID' || status === 'REFUNDED'
    if (own.length !== (sold ? 1 : 0)) return `${id} is ${status} and has ${own.length} payments`
    const [payment] = own
    if (!payment) return undefined
    const moved = byPayment.get(String(payment.id)) ?? []
    if (moved.length !== 1) return `payment ${String(payment.id)} has ${moved.length} transfers`
    const amounts = [Number(payment.amount), -Number(moved[0]?.amount)]
    if (amounts.some((amount) => amount !== price)) return `${id} costs ${price}, paid were ${amounts.join()}`
    const payers = [payment.user_id, moved[0]?.user_id]
    return payers.some((payer) => payer !== userId)
      ? `${id} belongs to ${userId} and was paid by ${payers.join()}`
      : undefined
  })
  return strays === 0 ? found : { ...found, violations: [...found.violations, `${strays} payments too many`] }
}

const inTime = (run: Run): CheckResult =>
  checkEach(
    reservationsOf(run).filter(({ decidedAt }) => decidedAt !== null),
    ({ id, status, decidedAt, heldUntil }) => {
      const early = (decidedAt ?? 0) < heldUntil
      const wrong = status === 'PAID' ? !early : status === 'EXPIRED' && early
      return wrong ? `${id} became ${status} at ${decidedAt}, held until ${heldUntil}` : undefined
    },
  )

/**
 * Whatever waited while we held the lock of an account was decided after we let go: a time from before that
 * was read before the lock was had.
 */
function decidedUnderLock(run: Run): CheckResult {
  const locks = groupBy(run.history.accountLocks, ({ user }) => user)
  const decisions = run.history.changes.flatMap(({ tbl, op, now, at }) => {
    if (tbl !== 'reservations' || op === 'DELETE') return []
    const { id, userId, status, heldAt, decidedAt } = toReservation(now ?? {})
    // Whoever finds a hold lapsed ends it, and has no business with its owner's account.
    if (status === 'EXPIRED') return []
    return (locks.get(userId) ?? []).map((lock) => ({ lock, id, status, at, decided: decidedAt ?? heldAt }))
  })
  return checkEach(decisions, ({ lock, id, status, at, decided }) =>
    at > lock.until && decided < lock.until - 1
      ? `${id} became ${status} as of ${decided}, while the account was locked until ${lock.until}`
      : undefined,
  )
}

export const ownershipChecks: readonly Check[] = [
  { invariant: 1, name: 'ownership of a seat never overlaps', run: noOverlap },
  { invariant: 1, name: 'a reservation claims its own seats, until it ends', run: claimsFit },
  { invariant: 1, name: 'nobody has more seats than allowed', run: withinLimit },
  { invariant: 8, name: 'reservations move along the allowed transitions', run: moves },
  { invariant: 9, name: 'paid = one payment = one transfer, by the holder', run: paid },
  { invariant: 10, name: 'paid before heldUntil, expired not before', run: inTime },
  { invariant: 10, name: 'the clock was read after the lock was acquired', run: decidedUnderLock },
]
