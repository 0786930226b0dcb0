/** One buyer: joins the queue, waits, chooses seats, holds them, charges points and pays. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Client } from '../client/client.ts'
import {
  CancelReservationDocument,
  ChargePointsDocument,
  HoldSeatsDocument,
  IssueQueueTokenDocument,
  LeaveQueueDocument,
  PayReservationDocument,
  PerformanceDocument,
  PerformancesDocument,
  QueueTicketChangesDocument,
} from '../client/documents.ts'
import type { ResultOf, TypedDocument } from '../client/graphql.ts'
import type { BuyerHistory, Outcome } from './history.ts'
import type { Stats } from './stats.ts'

/** Attempts to hold seats, after which a buyer gives up. */
const ATTEMPTS_MAX = 20

export interface BuyerProfile {
  /** The pause before each step, on average, in milliseconds; 0: none. */
  thinkMs: number
  /** The share of buyers who cancel their hold. */
  giveUp: number
  /** The largest number of seats that a buyer wants; the smallest is one. */
  seatsMax: number
}

export interface BuyerOptions {
  /** With the buyer's access token. */
  client: Client
  concertId: string
  /** Charges for the buyers, where they may not do it themselves. */
  cashierToken: string | undefined
  profile: BuyerProfile
  stats: Stats
  signal: AbortSignal
  random: () => number
}

type Ticket = Extract<
  ResultOf<typeof IssueQueueTokenDocument>['issueQueueToken'],
  { __typename: 'IssueQueueTokenPayload' }
>['ticket']
type Status = ResultOf<typeof QueueTicketChangesDocument>['queueTicketChanges']['status']

/** Runs one buyer and records their history. Resolves at their outcome, or when the signal is aborted. */
export async function run(buyer: BuyerHistory, options: BuyerOptions): Promise<void> {
  const { client, stats, signal } = options
  let outcome: Outcome
  try {
    outcome = await join(buyer, options)
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof ApiError)) throw error
    outcome = error.code === 'NOT_ADMITTED' ? 'lapsed' : 'failed'
  } finally {
    await client.close()
  }
  buyer.endedAt = performance.now()
  stats.enter(buyer, outcome)
}

async function join(buyer: BuyerHistory, options: BuyerOptions): Promise<Outcome> {
  const { client, concertId, stats } = options
  const { issueQueueToken } = await client.request(IssueQueueTokenDocument, { input: { concertId } })
  if (issueQueueToken.__typename !== 'IssueQueueTokenPayload') {
    stats.refused(issueQueueToken.__typename)
    return 'soldOut'
  }
  const { ticket } = issueQueueToken
  buyer.number = numberOf(ticket.token)
  buyer.joinedAt = performance.now()
  stats.enter(buyer, 'waiting')
  if (!(await waitForTurn(buyer, ticket, options))) return 'lapsed'
  stats.enter(buyer, 'choosing')
  const outcome = await purchase(buyer, ticket, options)
  if (outcome !== 'paid') await client.request(LeaveQueueDocument, { input: { token: ticket.token } })
  return outcome
}

/** Subscribes to the ticket, until the client is closed. @returns whether it was admitted */
async function waitForTurn(buyer: BuyerHistory, ticket: Ticket, options: BuyerOptions): Promise<boolean> {
  const { client, stats, signal } = options
  let onAbort = (): void => undefined
  const turn = new Promise<boolean>((resolve, reject) => {
    onAbort = () => reject(signal.reason as Error)
    const onStatus = (status: Status): void => {
      const now = performance.now()
      const { disconnectedSince } = buyer
      if (disconnectedSince !== null) {
        buyer.disconnectedMs = Math.max(buyer.disconnectedMs, now - disconnectedSince)
      }
      buyer.disconnectedSince = null
      if (status.__typename === 'Admitted' && buyer.admittedAt === null) {
        buyer.admittedAt = now
        buyer.turnEndsAt = Date.parse(status.until)
        stats.waited(now - (buyer.joinedAt ?? now))
        resolve(true)
      }
      if (status.__typename === 'Lapsed' || status.__typename === 'Finished') resolve(false)
    }
    client.subscribe(
      QueueTicketChangesDocument,
      { token: ticket.token },
      {
        onNext: ({ queueTicketChanges }) => onStatus(queueTicketChanges.status),
        onError: (error) => {
          stats.error(error.code)
          reject(error)
        },
      },
    )
    onStatus(ticket.status)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
  return turn.finally(() => signal.removeEventListener('abort', onAbort))
}

async function purchase(buyer: BuyerHistory, ticket: Ticket, options: BuyerOptions): Promise<Outcome> {
  const { client, concertId, profile, stats, signal, random } = options
  const think = (): Promise<void> => pause(profile.thinkMs, random, signal)

  /** Sends what needs an admitted ticket: a result proves that the ticket was admitted when the request was sent. */
  const request = async <Data, Variables>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
  ): Promise<Data> => {
    const sentAt = performance.now()
    const data = await client.request(document, variables, { queueToken: ticket.token })
    buyer.lastAdmittedAt = sentAt
    return data
  }
  const wanted = 1 + Math.floor(random() * profile.seatsMax)

  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const { performances } = await request(PerformancesDocument, { concertId })
    const open = (performances ?? []).filter(({ availableSeatCount }) => availableSeatCount > 0)
    const date = open[Math.floor(random() * open.length)]
    if (!date) return 'soldOut'
    await think()
    const { performance: chosen } = await request(PerformanceDocument, { performanceId: date.id })
    await think()
    const available = (chosen?.seats ?? []).map(({ number }) => number)
    const seatNumbers = adjacentSeats(available, wanted, random)
    if (seatNumbers.length === 0) continue

    const input = { performanceId: date.id, seatNumbers, idempotencyKey: randomUUID() }
    const { holdSeats } = await request(HoldSeatsDocument, { input })
    if (holdSeats.__typename !== 'HoldSeatsPayload') {
      stats.refused(holdSeats.__typename)
      continue
    }
    const held = { ...holdSeats.reservation, seats: seatsOf(date.id, seatNumbers) }
    const outcome = await pay(buyer, held, ticket, options)
    if (outcome) return outcome
  }
  return 'outraced'
}

interface Held {
  id: string
  price: number
  seats: readonly string[]
}

/** Pays for a hold, or cancels it. @returns null when payment was refused: the buyer chooses other seats */
async function pay(
  buyer: BuyerHistory,
  { id, price, seats }: Held,
  { token: queueToken, userId }: Ticket,
  { client, cashierToken, profile, stats, signal, random }: BuyerOptions,
): Promise<Outcome | null> {
  const heldAt = performance.now()
  const owned = { seats, from: heldAt, to: heldAt }
  buyer.owned.push(owned)
  stats.enter(buyer, 'holding')
  await pause(profile.thinkMs, random, signal)
  const reservation = () => ({ reservationId: id, idempotencyKey: randomUUID() })

  if (random() < profile.giveUp) {
    owned.to = performance.now()
    const { cancelReservation } = await client.request(CancelReservationDocument, { input: reservation() })
    if (cancelReservation.__typename !== 'CancelReservationPayload') {
      stats.refused(cancelReservation.__typename)
    }
    return 'gaveUp'
  }
  if (price > 0) {
    const charge = { amount: price, idempotencyKey: randomUUID() }
    const { chargePoints } =
      cashierToken === undefined
        ? await client.request(ChargePointsDocument, { input: charge })
        : await client.request(
            ChargePointsDocument,
            { input: { ...charge, userId } },
            { accessToken: cashierToken },
          )
    if (chargePoints.__typename !== 'ChargePointsPayload') stats.refused(chargePoints.__typename)
  }
  const sentAt = performance.now()
  const input = reservation()
  const { payReservation } = await client.request(PayReservationDocument, { input }, { queueToken })
  if (payReservation.__typename !== 'PayReservationPayload') {
    stats.refused(payReservation.__typename)
    stats.enter(buyer, 'choosing')
    return null
  }
  // A hold that could still be paid for was live all the time, and kept the ticket admitted.
  owned.to = Infinity
  buyer.lastAdmittedAt = sentAt
  buyer.paid = { reservationId: id, seats }
  stats.sold += seats.length
  stats.purchased(performance.now() - (buyer.admittedAt ?? heldAt))
  return 'paid'
}

/** The names of seats in the findings. */
export const seatsOf = (performanceId: string, numbers: readonly number[]): string[] =>
  numbers.map((number) => `${performanceId}/${number}`)

/** As many seats as wanted, or all there are, side by side in the list of the available ones. */
function adjacentSeats(available: readonly number[], wanted: number, random: () => number): number[] {
  const first = Math.floor(random() * Math.max(1, available.length - wanted + 1))
  return available.slice(first, first + wanted)
}

/** Sleeps for an exponentially distributed time, five times the average at the most. */
async function pause(averageMs: number, random: () => number, signal: AbortSignal): Promise<void> {
  if (averageMs === 0) return
  await sleep(Math.min(5, -Math.log(1 - random())) * averageMs, undefined, { signal })
}

/** The number of a ticket, from the payload of its token: a compact JWS (RFC 7515). null: the token has another form. */
function numberOf(queueToken: string): number | null {
  try {
    const payload = Buffer.from(queueToken.split('.')[1] ?? '', 'base64url').toString()
    const { number } = JSON.parse(payload) as { number?: unknown }
    return typeof number === 'number' ? number : null
  } catch {
    return null
  }
}
