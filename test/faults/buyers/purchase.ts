/** What an admitted buyer does: reads the seats, holds some, and pays, cancels or lets them lapse. */
import { send, chance, charge, isStopping, keyFor, sendOnce, pause, uuidFrom, type Buyer } from './actions.ts'
import type { SeatChoice } from './shared-state.ts'
import { compare } from '../compare.ts'
import { tryAttack } from './attacks.ts'
import { SEAT_PRICE, type Sale } from '../sales.ts'

interface Hold {
  id: string
  seats: number
  heldUntil: number
}

const TRIES_MAX = 4
/** How many of the first free seats buyers choose from, so that they compete. */
const WANTED = 5

/** Tries to hold seats a few times, then runs a random strategy for the hold. */
export async function purchase(buyer: Buyer, sale: Sale): Promise<void> {
  for (let attempt = 0; attempt < TRIES_MAX && !isStopping(buyer); attempt++) {
    const choice = await choose(buyer, sale)
    if (!choice) return
    const held = await hold(buyer, choice)
    if (held === 'closed') return
    if (!held) continue
    if (chance(buyer, 0.2)) {
      const more = await choose(buyer, sale)
      if (more) await hold(buyer, more)
    }
    await runHoldStrategy(buyer, sale, held)
    await tryAttack(buyer, sale, 0.3)
    if (chance(buyer, 0.5)) await sendOnce(buyer, 'queueTicket', {})
    if (chance(buyer, 0.2)) await sendOnce(buyer, 'reservation', { id: held.id })
    if (chance(buyer, 0.15)) await compareIfPaid(buyer, held.id)
    if (chance(buyer, 0.3)) await send(buyer, 'leaveQueue', { token: buyer.token })
    return
  }
}

/** Waits until another user's hold lapses, to hold its seats in that moment. */
async function waitForLapsingSeats(buyer: Buyer, sale: Sale): Promise<SeatChoice | undefined> {
  const lapsing = buyer.context.shared.lapsing(buyer.user.uuid, 2_500)
  if (!lapsing || !sale.performances.some(({ id }) => id === lapsing.performanceId)) return undefined
  await pause(buyer, lapsing.heldUntil - Date.now() + buyer.random.int(-5, 15))
  return { performanceId: lapsing.performanceId, seatNumbers: lapsing.seatNumbers }
}

async function choose(buyer: Buyer, sale: Sale): Promise<SeatChoice | undefined> {
  const lapsing = chance(buyer, 0.45) ? await waitForLapsingSeats(buyer, sale) : undefined
  if (lapsing) return lapsing
  const { answer } = await sendOnce(buyer, 'performances', { concertId: sale.concertId })
  const list = answer?.list as { id: string; seats: { number: number; status: string }[] }[] | undefined
  if (!list || list.length === 0) return undefined
  const date = buyer.random.pick(list)
  const free = date.seats.filter(({ status }) => status === 'AVAILABLE').map(({ number }) => number)
  const wanted = free.length > 0 ? free.slice(0, WANTED) : [buyer.random.int(1, date.seats.length)]
  const first = buyer.random.pick(wanted)
  const second = buyer.random.pick(wanted)
  // In any order: the server has to sort them itself.
  const own = { performanceId: date.id, seatNumbers: [...new Set([first, second])] }
  return chance(buyer, 0.35) ? buyer.context.shared.chooseTogether(sale, () => own) : own
}

async function hold(buyer: Buyer, choice: SeatChoice): Promise<Hold | 'closed' | undefined> {
  const { shared } = buyer.context
  const user = buyer.user.uuid
  const replayed = chance(buyer, 0.06) ? shared.ofOthers(shared.holds, user, buyer.random)?.value : undefined
  const key = replayed?.key ?? keyFor(buyer)
  const { performanceId, seatNumbers } = replayed ?? choice
  const seats = { performanceId, seatNumbers }
  if (chance(buyer, 0.08)) void buyer.context.lockAccount(user, buyer.random.int(2, 15) / 10)
  const { outcome, answer, code } = await send(buyer, 'holdSeats', { ...seats, idempotencyKey: key })
  if (outcome === 'ok' && typeof answer?.id === 'string') {
    const heldUntil = Date.parse(String(answer.heldUntil))
    shared.add(shared.holds, user, { ...seats, key, heldUntil })
    shared.add(shared.reservations, user, answer.id)
    return { id: answer.id, seats: seatNumbers.length, heldUntil }
  }
  return code === 'NOT_ADMITTED' || outcome === 'unknown' ? 'closed' : undefined
}

async function pay(buyer: Buyer, held: Hold): Promise<void> {
  const attempt = () =>
    send(buyer, 'payReservation', { reservationId: held.id, idempotencyKey: keyFor(buyer) })
  const reply = await attempt()
  if (reply.code !== 'InsufficientPoints') return
  await charge(buyer, held.seats * SEAT_PRICE)
  await attempt()
}

const untilDeadline = (buyer: Buyer, held: Hold, offsetMs: number): Promise<void> =>
  pause(buyer, Math.max(0, held.heldUntil - Date.now() + offsetMs))

/** A paid reservation no longer changes, so every path has to respond the same. */
async function compareIfPaid(buyer: Buyer, id: string): Promise<void> {
  const { answer } = await sendOnce(buyer, 'reservation', { id })
  if (answer?.status === 'PAID') await compare(buyer.context, buyer.user, id, buyer.random)
}

type HoldStrategy = (buyer: Buyer, sale: Sale, held: Hold) => Promise<unknown>

const payAtOnce: HoldStrategy = async (buyer, sale, held) => {
  await pause(buyer, buyer.random.int(0, 800))
  const choice = chance(buyer, 0.5) ? await choose(buyer, sale) : undefined
  // The payment spends the ticket: holds during and after it are refused.
  await Promise.all([pay(buyer, held), choice && chance(buyer, 0.5) ? hold(buyer, choice) : undefined])
  if (choice) await hold(buyer, choice)
}

const payTwice: HoldStrategy = (buyer, _, held) => Promise.all([pay(buyer, held), pay(buyer, held)])

const payAtTheLastMoment: HoldStrategy = async (buyer, _, held) => {
  await untilDeadline(buyer, held, buyer.random.int(-25, 15))
  await sendOnce(buyer, 'payReservation', {
    input: { reservationId: held.id, idempotencyKey: keyFor(buyer) },
  })
}

/** The account is locked while the deadline passes: a payment sent in time is decided too late. */
const payWhileLocked: HoldStrategy = async (buyer, _, held) => {
  await untilDeadline(buyer, held, -600)
  const free = buyer.context.lockAccount(buyer.user.uuid, 1)
  await pause(buyer, 200)
  await pay(buyer, held)
  await free
}

const payTooLate: HoldStrategy = async (buyer, _, held) => {
  await untilDeadline(buyer, held, buyer.random.int(10, 3_000))
  await pay(buyer, held)
}

const cancel: HoldStrategy = async (buyer, _, held) => {
  await pause(buyer, buyer.random.int(0, 1_500))
  const input = { reservationId: held.id, idempotencyKey: keyFor(buyer) }
  const payment = chance(buyer, 0.3) ? pay(buyer, held) : undefined
  await Promise.all([send(buyer, 'cancelReservation', input), payment])
}

/** Holds and cancels until the turn ends. */
const holdAndCancelRepeatedly: HoldStrategy = async (buyer, sale, held) => {
  let current: Hold | 'closed' | undefined = held
  while (current && current !== 'closed' && !isStopping(buyer)) {
    await pause(buyer, buyer.random.int(200, 2_500))
    const input = { reservationId: current.id, idempotencyKey: keyFor(buyer) }
    if (chance(buyer, 0.1)) await pay(buyer, current)
    else await send(buyer, 'cancelReservation', input)
    const choice = await choose(buyer, sale)
    current = choice && (await hold(buyer, choice))
  }
}

const abandon: HoldStrategy = () => Promise.resolve()

const readAfterExpiry: HoldStrategy = async (buyer, sale, held) => {
  await untilDeadline(buyer, held, 20)
  await sendOnce(buyer, 'performances', { concertId: sale.concertId })
  if (chance(buyer, 0.5)) await sendOnce(buyer, 'points', {})
  await sendOnce(buyer, 'cancelReservation', {
    input: { reservationId: held.id, idempotencyKey: uuidFrom(buyer.random) },
  })
}

const holdStrategies: readonly [number, HoldStrategy][] = [
  [0.45, payAtOnce],
  [0.53, payTwice],
  [0.62, payAtTheLastMoment],
  [0.68, payWhileLocked],
  [0.75, payTooLate],
  [0.83, cancel],
  [0.9, holdAndCancelRepeatedly],
  [0.95, readAfterExpiry],
  [1, abandon],
]

async function runHoldStrategy(buyer: Buyer, sale: Sale, held: Hold): Promise<void> {
  const drawn = buyer.random.next()
  const [, strategy] = holdStrategies.find(([below]) => drawn < below) ?? [1, abandon]
  await strategy(buyer, sale, held)
}
