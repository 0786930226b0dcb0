/** A whole sale: creates the concert, runs the buyers, polls the queue, and checks the result. The benchmarks run it too. */
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Client } from '../client/client.ts'
import {
  ConcertDocument,
  CreateConcertDocument,
  ReservationDocument,
  SignUpDocument,
} from '../client/documents.ts'
import { createClients } from './client.ts'
import { checkSale, type Findings } from './checks.ts'
import { createStats, type Stats } from './stats.ts'
import { isOver } from './history.ts'
import { run, seatsOf, type BuyerProfile } from './buyer.ts'

const POLL_MS = 250
const DAY_MS = 24 * 60 * 60 * 1000
/** The default of the API; a concert has a hundred dates at the most. */
const SEATS_PER_DATE = 50
const DATES_MAX = 100
const SEAT_PRICE = 55_000
/** Concurrent sign-ups, and concurrent reads of paid reservations. */
const CONCURRENCY = 64

export interface SaleOptions {
  /** Of the server; the endpoint is /graphql there. */
  url: string
  buyers: number
  /** An existing concert, or what to create, which takes an operator's token. */
  concert: { id: string } | { seats: number; capacity: number; operatorToken: string }
  /** Charges for the buyers, where they may not do it themselves: CHARGES_BY=cashiers. */
  cashierToken?: string | undefined
  /** Access tokens of the first buyers; the others sign up. */
  identities: readonly string[]
  /** The time within which the buyers join, in milliseconds. */
  arriveMs: number
  profile: BuyerProfile
  /** HTTP connections from each source address. */
  connectionsMax: number
  random: () => number
  /** Stops the sale; what was observed until then is checked. */
  signal: AbortSignal
  onProgress?: (progress: Progress) => void
}

export interface Progress {
  name: 'signing up' | 'on sale' | 'checking payments'
  stats: Stats
  /** Steps of this phase that are done, of how many. */
  done: () => number
  total: number
}

export interface SaleResult {
  stats: Stats
  findings: Findings
  complete: boolean
  concertId: string
  /** From the start of the sale to its last payment, in milliseconds; null: nothing was sold. */
  soldOutMs: number | null
  /** Until every buyer had an outcome. */
  completedMs: number
  /** CPU time of this process, in milliseconds. */
  cpuMs: number
}

/** @throws ApiError when the concert cannot be created */
export async function runSale(options: SaleOptions): Promise<SaleResult> {
  const { buyers: count, signal, random, onProgress = () => undefined } = options
  setMaxListeners(0, signal) // one for each buyer
  const stats = createStats(count)
  const cpuBefore = process.cpuUsage()
  const createClient = createClients({
    url: new URL('/graphql', options.url).href,
    connectionsMax: options.connectionsMax,
    signal,
    random,
    onResponse: stats.answered,
    onError: stats.error,
  })
  const client = createClient(0)

  const concertId = await findOrCreateConcert(client, options)
  let signedUp = 0
  onProgress({ name: 'signing up', stats, done: () => signedUp, total: count })
  const tokens = await inParallel(count, signal, async (index) => {
    const token = options.identities[index] ?? (await signUp(createClient(index), index))
    signedUp += 1
    return token
  })

  const startedAt = performance.now()
  let soldOutMs: number | null = null
  onProgress({ name: 'on sale', stats, done: () => stats.buyers.filter(isOver).length, total: count })
  const ended = new AbortController()
  const polling = pollQueue(client, concertId, stats, startedAt, AbortSignal.any([signal, ended.signal]))
  await Promise.all(
    stats.buyers.map(async (buyer, index) => {
      const arrived = await sleep(random() * options.arriveMs, true, { signal }).catch(() => false)
      const accessToken = tokens[index]
      if (!arrived || accessToken === undefined) return
      const onConnection = (connected: boolean): void => {
        if (connected) return
        stats.error('CONNECTION_LOST')
        buyer.disconnectedSince ??= performance.now()
      }
      const { cashierToken, profile } = options
      await run(buyer, {
        client: createClient(index, { accessToken }, onConnection),
        concertId,
        cashierToken,
        profile,
        stats,
        signal,
        random,
      })
      if (buyer.phase === 'paid') soldOutMs = performance.now() - startedAt
    }),
  )
  const completedMs = performance.now() - startedAt
  const complete = !signal.aborted
  ended.abort()
  await polling

  const paid = stats.buyers.flatMap(({ paid }, index) =>
    paid ? [{ ...paid, accessToken: tokens[index] }] : [],
  )
  let checked = 0
  onProgress({ name: 'checking payments', stats, done: () => checked, total: paid.length })
  const lost = await inParallel(paid.length, signal, async (index) => {
    const reservation = paid[index]
    const isLost = reservation && !(await isStillPaid(createClient(index), reservation))
    checked += 1
    return isLost ? [reservation.reservationId] : []
  })
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    stats,
    concertId,
    complete,
    soldOutMs,
    completedMs,
    cpuMs: (user + system) / 1_000,
    findings: checkSale(stats.buyers, {
      capacity: stats.capacityMax,
      admittedMax: stats.admittedMax,
      lostReservations: lost.flat(),
      complete,
    }),
  }
}

async function findOrCreateConcert(client: Client, { concert }: SaleOptions): Promise<string> {
  if ('id' in concert) return concert.id
  const { seats, capacity, operatorToken } = concert
  const perDate = Math.max(SEATS_PER_DATE, Math.ceil(seats / DATES_MAX))
  const performances = Array.from({ length: Math.ceil(seats / perDate) }, (_, index) => ({
    startsAt: new Date(Date.now() + (index + 1) * DAY_MS).toISOString(),
    seatCount: Math.min(perDate, seats - index * perDate),
    seatPrice: SEAT_PRICE,
  }))
  const { createConcert } = await client.request(
    CreateConcertDocument,
    { input: { title: 'Load test', performances, queueCapacity: capacity } },
    { accessToken: operatorToken },
  )
  if (createConcert.__typename === 'CreateConcertPayload') return createConcert.concert.id
  throw new ApiError(createConcert.message, createConcert.__typename)
}

async function signUp(client: Client, index: number): Promise<string> {
  const input = { name: `Load test ${index + 1}` }
  return (await client.request(SignUpDocument, { input })).signUp.accessToken
}

interface PaidReservation {
  reservationId: string
  seats: readonly string[]
  accessToken: string | undefined
}

/** Whether the buyer of a reservation still reads it as paid, with the same seats. */
async function isStillPaid(
  client: Client,
  { reservationId, seats, accessToken }: PaidReservation,
): Promise<boolean> {
  const { reservation } = await client.request(ReservationDocument, { id: reservationId }, { accessToken })
  if (reservation?.status !== 'PAID') return false
  const numbers = reservation.seats.map(({ number }) => number)
  return [...seats].sort().join() === seatsOf(reservation.performance.id, numbers).sort().join()
}

/** Samples the public counts of the queue. */
async function pollQueue(
  client: Client,
  concertId: string,
  stats: Stats,
  startedAt: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const result = await client.request(ConcertDocument, { concertId }).catch(() => null)
    const queue = result?.concert?.queue
    if (queue) stats.sample(performance.now() - startedAt, queue.capacity, queue.admittedCount)
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Runs steps with bounded concurrency. When the signal is aborted no step is started, and interrupted steps have no result. */
async function inParallel<T>(
  count: number,
  signal: AbortSignal,
  step: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count && !signal.aborted) {
      const index = next++
      try {
        results[index] = await step(index)
      } catch (error) {
        if (!isAborted(signal)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, work))
  return results
}

/** A function, so that TypeScript does not narrow it: it changes during an await. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted
