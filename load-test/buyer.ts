/** One buyer's way through a sale: in line, let in, dates, seats, a hold, points, paid; or why not. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { RequestFailed, type ApiClient, type Credentials } from './client.ts'
import type { Stats } from './stats.ts'
import type { BuyerHistory, Outcome } from './history.ts'
import type { Operation, Status } from './operations.ts'
import { subscribeToStatus } from './subscription.ts'

/** Races for seats that somebody loses before they have had enough. */
const RACES_MAX = 20

export interface BuyerProfile {
  /** How long people think before each step, on average, in milliseconds; 0: not at all. */
  thinkMs: number
  /** The share of buyers who give their hold up again. */
  giveUp: number
  /** Seats that a buyer wants at the most; the least is one. */
  seatsMax: number
}

export interface BuyerOptions {
  client: ApiClient
  url: URL
  concertId: string
  accessToken: string
  localAddress: string | undefined
  /** Charges for the buyers, where they may not do it themselves. */
  cashierToken: string | undefined
  profile: BuyerProfile
  stats: Stats
  signal: AbortSignal
  random: () => number
}

interface Answer {
  __typename: string
}

/** Lives one buyer's evening, and notes it in their history. Resolves when they have an answer, or the signal says so. */
export async function run(buyer: BuyerHistory, options: BuyerOptions): Promise<void> {
  const { stats: figures, signal } = options
  let outcome: Outcome
  try {
    outcome = await join(buyer, options)
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof RequestFailed)) throw error
    outcome = error.code === 'NOT_ADMITTED' ? 'lapsed' : 'failed'
  }
  buyer.endedAt = performance.now()
  figures.enter(buyer, outcome)
}

async function join(buyer: BuyerHistory, options: BuyerOptions): Promise<Outcome> {
  const { client: api, concertId, accessToken, localAddress, stats: figures } = options
  const identity = { accessToken, localAddress }
  const joined = await api.request<Answer & { token: string; status: Status }>(
    'issueQueueToken',
    { input: { concertId } },
    identity,
  )
  if (joined.__typename !== 'QueueTicket') {
    figures.refused(joined.__typename)
    return 'soldOut'
  }
  const { token: queueToken, status } = joined
  buyer.number = numberOf(queueToken)
  buyer.joinedAt = performance.now()
  figures.enter(buyer, 'waiting')

  const line = waitForTurn(buyer, queueToken, options)
  try {
    line.see(status)
    if (!(await line.turn)) return 'lapsed'
    figures.enter(buyer, 'choosing')
    const outcome = await purchase(buyer, { ...identity, queueToken }, options)
    if (outcome !== 'paid') await api.request('leaveQueue', { input: { token: queueToken } }, identity)
    return outcome
  } finally {
    line.leave()
  }
}

/** Waits in line, with a connection that says how it moves. `turn` resolves to whether it came. */
function waitForTurn(buyer: BuyerHistory, queueToken: string, options: BuyerOptions) {
  const { url, accessToken, localAddress, stats: figures, random, signal } = options
  let silentSince: number | null = performance.now()
  let decide: (came: boolean) => void = () => undefined
  let fail: (reason: unknown) => void = () => undefined
  const turn = new Promise<boolean>((resolve, reject) => {
    decide = resolve
    fail = reject
  })
  turn.catch(() => undefined)

  const see = (status: Status): void => {
    const now = performance.now()
    if (silentSince !== null) buyer.disconnectedMs = Math.max(buyer.disconnectedMs, now - silentSince)
    silentSince = null
    if (status.__typename === 'Admitted' && buyer.admittedAt === null) {
      buyer.admittedAt = now
      buyer.turnEndsAt = Date.parse(status.until ?? '')
      figures.waited(now - (buyer.joinedAt ?? now))
      decide(true)
    }
    if (status.__typename === 'Lapsed' || status.__typename === 'Finished') decide(false)
  }
  const stop = subscribeToStatus({
    url,
    accessToken,
    queueToken,
    localAddress,
    random,
    onStatus: see,
    onDisconnect: (code) => {
      silentSince ??= performance.now()
      figures.error(code)
    },
  })
  const onAbort = (): void => fail(signal.reason)
  // It may have happened while the place in line was asked for, and is not told twice.
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const leave = (): void => {
    signal.removeEventListener('abort', onAbort)
    stop()
  }
  return { see, turn, leave }
}

async function purchase(
  buyer: BuyerHistory,
  credentials: Credentials,
  options: BuyerOptions,
): Promise<Outcome> {
  const { client: api, concertId, profile: habits, stats: figures, signal, random } = options
  const think = (): Promise<void> => pause(habits.thinkMs, random, signal)

  /** What only somebody gets whose turn it is: that it was answered proves when it was. */
  const look = async <T>(operation: Operation, variables: object): Promise<T> => {
    const sentAt = performance.now()
    const answer = await api.request<T>(operation, variables, credentials)
    buyer.lastAdmittedAt = sentAt
    return answer
  }
  const wanted = 1 + Math.floor(random() * habits.seatsMax)

  for (let race = 1; race <= RACES_MAX; race += 1) {
    const dates = await look<{ id: string; availableSeatCount: number }[]>('performances', { concertId })
    const open = dates.filter(({ availableSeatCount }) => availableSeatCount > 0)
    const date = open[Math.floor(random() * open.length)]
    if (!date) return 'soldOut'
    await think()
    const { seats } = await look<{ seats: { number: number }[] }>('performance', { id: date.id })
    await think()
    const seatNumbers = adjacentSeats(
      seats.map(({ number }) => number),
      wanted,
      random,
    )
    if (seatNumbers.length === 0) continue

    const input = { performanceId: date.id, seatNumbers, idempotencyKey: randomUUID() }
    const held = await look<Answer & { id: string; price: number }>('holdSeats', { input })
    if (held.__typename !== 'Reservation') {
      figures.refused(held.__typename)
      continue
    }
    const outcome = await pay(buyer, held, seatsOf(date.id, seatNumbers), credentials, options)
    if (outcome) return outcome
  }
  return 'outraced'
}

/** Pays for a hold, or gives it up. @returns null when it was too late, and it goes on with other seats */
async function pay(
  buyer: BuyerHistory,
  { id, price }: { id: string; price: number },
  seats: readonly string[],
  credentials: Credentials,
  { client: api, cashierToken, profile: habits, stats: figures, signal, random }: BuyerOptions,
): Promise<Outcome | null> {
  const heldAt = performance.now()
  const owned = { seats, from: heldAt, to: heldAt }
  buyer.owned.push(owned)
  figures.enter(buyer, 'holding')
  await pause(habits.thinkMs, random, signal)

  const send = (operation: Operation, input: object, as: Credentials = credentials): Promise<Answer> =>
    api.request<Answer>(operation, { input: { ...input, idempotencyKey: randomUUID() } }, as)

  if (random() < habits.giveUp) {
    owned.to = performance.now()
    const { __typename } = await send('cancelReservation', { reservationId: id })
    if (__typename !== 'Reservation') figures.refused(__typename)
    return 'gaveUp'
  }
  if (price > 0) {
    const { __typename } =
      cashierToken === undefined
        ? await send('chargePoints', { amount: price })
        : await send(
            'chargePoints',
            { amount: price, userId: userIdOf(credentials.accessToken) },
            { ...credentials, accessToken: cashierToken, queueToken: undefined },
          )
    if (__typename !== 'PointAccount') figures.refused(__typename)
  }
  const sentAt = performance.now()
  const { __typename } = await send('payReservation', { reservationId: id })
  if (__typename !== 'Payment') {
    figures.refused(__typename)
    figures.enter(buyer, 'choosing')
    return null
  }
  // A hold that could still be paid for was a hold all the time, and keeps its owner's turn.
  owned.to = Infinity
  buyer.lastAdmittedAt = sentAt
  buyer.paid = { reservationId: id, seats }
  figures.sold += seats.length
  figures.purchased(performance.now() - (buyer.admittedAt ?? heldAt))
  return 'paid'
}

/** As the findings name seats. */
export const seatsOf = (performanceId: string, numbers: readonly number[]): string[] =>
  numbers.map((number) => `${performanceId}/${number}`)

/** Seats beside each other in the list of the free ones, so many if there are. */
function adjacentSeats(free: readonly number[], wanted: number, random: () => number): number[] {
  const first = Math.floor(random() * Math.max(1, free.length - wanted + 1))
  return free.slice(first, first + wanted)
}

/** A memoryless pause; nobody thinks for longer than five times the average. */
async function pause(averageMs: number, random: () => number, signal: AbortSignal): Promise<void> {
  if (averageMs === 0) return
  await sleep(Math.min(5, -Math.log(1 - random())) * averageMs, undefined, { signal })
}

/** A queue ticket is a compact JWS (RFC 7515) whose payload says its number. null: it is another kind of token. */
function numberOf(queueToken: string): number | null {
  const { number } = payloadOf(queueToken)
  return typeof number === 'number' ? number : null
}

/** The API's id of the user whose access token this is: a JWT (RFC 7519) with their UUID as its subject. */
const userIdOf = (accessToken: string | undefined): string =>
  Buffer.from(`User:${String(payloadOf(accessToken ?? '').sub)}`).toString('base64')

/** The payload of a compact JWS; empty: it is another kind of token. */
function payloadOf(token: string): Record<string, unknown> {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    return JSON.parse(payload) as Record<string, unknown>
  } catch {
    return {}
  }
}
