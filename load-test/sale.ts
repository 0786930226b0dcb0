/** A whole sale: the concert, the crowd, and a look at the queue four times a second. The benchmarks run it too. */
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApiClient, RequestFailed, type ApiClient } from './client.ts'
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
/** Sign-ups and second looks that are under way at the same time. */
const AT_ONCE = 64

export interface SaleOptions {
  /** Of the server; the endpoint is /graphql there. */
  url: string
  buyers: number
  /** An existing concert, or what to create, which takes an operator's token. */
  concert: { id: string } | { seats: number; capacity: number; operatorToken: string }
  /** Charges for the buyers, where they may not do it themselves: CHARGES_BY=cashiers. */
  cashierToken?: string | undefined
  /** Access tokens that stand for the first buyers; whoever has none signs up. */
  identities: readonly string[]
  /** The buyers come within so many milliseconds. */
  arriveMs: number
  profile: BuyerProfile
  /** Connections for operations, from each source address. */
  connectionsMax: number
  random: () => number
  /** Stops everything; what was seen so far still counts. */
  signal: AbortSignal
  onProgress?: (stage: Progress) => void
}

export interface Progress {
  name: 'signing up' | 'on sale' | 'looking again'
  stats: Stats
  /** Steps of this stage that are done. */
  done: () => number
  total: number
}

export interface SaleResult {
  stats: Stats
  findings: Findings
  complete: boolean
  concertId: string
  /** From the first buyer's coming to the last seat's payment, or the last payment there was; null: nothing was sold. */
  soldOutMs: number | null
  /** Until everybody had an answer. */
  completedMs: number
  /** CPU time of this process, in milliseconds. */
  cpuMs: number
}

interface QueueView {
  queue: { waitingCount: number; admittedCount: number; capacity: number }
}

/** @throws Failed when the concert cannot be created or there is none */
export async function runSale(options: SaleOptions): Promise<SaleResult> {
  const { buyers: count, signal, random, onProgress: onStage = () => undefined } = options
  const url = new URL('/graphql', options.url)
  setMaxListeners(0, signal) // every buyer listens to it
  const figures = createStats(count)
  const addresses = sourceAddresses(url)
  const addressOf = (index: number): string | undefined => addresses[index % addresses.length]
  const cpuBefore = process.cpuUsage()
  const api = createApiClient({
    url,
    connectionsMax: options.connectionsMax,
    signal,
    random,
    onResponse: figures.answered,
    onError: figures.error,
  })

  try {
    const concertId = await findOrCreateConcert(api, options)
    let done = 0
    onStage({ name: 'signing up', stats: figures, done: () => done, total: count })
    const tokens = await inParallel(count, signal, async (index) => {
      const token = options.identities[index] ?? (await signUp(api, index, addressOf(index)))
      done += 1
      return token
    })

    const began = performance.now()
    let soldOutMs: number | null = null
    onStage({
      name: 'on sale',
      stats: figures,
      done: () => figures.buyers.filter(isOver).length,
      total: count,
    })
    const doors = new AbortController()
    const looking = pollQueue(api, concertId, figures, began, AbortSignal.any([signal, doors.signal]))
    await Promise.all(
      figures.buyers.map(async (buyer, index) => {
        const arrived = await sleep(random() * options.arriveMs, true, { signal }).catch(() => false)
        const accessToken = tokens[index]
        if (!arrived || accessToken === undefined) return
        const localAddress = addressOf(index)
        const { cashierToken } = options
        await run(buyer, {
          ...options,
          client: api,
          url,
          concertId,
          accessToken,
          cashierToken,
          localAddress,
          stats: figures,
        })
        if (buyer.phase === 'paid') soldOutMs = performance.now() - began
      }),
    )
    const answeredMs = performance.now() - began
    const complete = !signal.aborted
    doors.abort()
    await looking

    const paid = figures.buyers.flatMap(({ paid }, index) => (paid ? [{ ...paid, index }] : []))
    let again = 0
    onStage({ name: 'looking again', stats: figures, done: () => again, total: paid.length })
    const gone = await inParallel(paid.length, signal, async (at) => {
      const one = paid[at]
      const accessToken = one && tokens[one.index]
      const lost = one && !(await isStillPaid(api, one, accessToken, addressOf(one.index)))
      again += 1
      return lost ? one.reservationId : null
    })
    const { user, system } = process.cpuUsage(cpuBefore)
    return {
      stats: figures,
      concertId,
      complete,
      soldOutMs,
      completedMs: answeredMs,
      cpuMs: (user + system) / 1_000,
      findings: checkSale(figures.buyers, {
        capacity: figures.capacityMax,
        admittedMax: figures.admittedMax,
        lostReservations: gone.flatMap((id) => id ?? []),
        complete,
      }),
    }
  } finally {
    api.close()
  }
}

async function findOrCreateConcert(api: ApiClient, { concert }: SaleOptions): Promise<string> {
  if ('id' in concert) return concert.id
  const { seats, capacity, operatorToken } = concert
  const perDate = Math.max(SEATS_PER_DATE, Math.ceil(seats / DATES_MAX))
  const performances = Array.from({ length: Math.ceil(seats / perDate) }, (_, index) => ({
    startsAt: new Date(Date.now() + (index + 1) * DAY_MS).toISOString(),
    seatCount: Math.min(perDate, seats - index * perDate),
    seatPrice: SEAT_PRICE,
  }))
  const created = await api.request<{ __typename: string; id: string }>(
    'createConcert',
    { input: { title: 'Dress rehearsal', performances, queueCapacity: capacity } },
    { accessToken: operatorToken },
  )
  if (created.__typename !== 'Concert') throw new RequestFailed('createConcert', created.__typename)
  return created.id
}

async function signUp(api: ApiClient, index: number, localAddress: string | undefined): Promise<string> {
  const input = { name: `Rehearsal ${index + 1}` }
  return (await api.request<{ accessToken: string }>('signUp', { input }, { localAddress })).accessToken
}

/** Reads a payment's reservation again, as its owner: it has to be paid, and to have the same seats. */
async function isStillPaid(
  api: ApiClient,
  { reservationId, seats }: { reservationId: string; seats: readonly string[] },
  accessToken: string | undefined,
  localAddress: string | undefined,
): Promise<boolean> {
  const found = await api.request<{
    status: string
    performance: { id: string }
    seats: { number: number }[]
  } | null>('reservation', { id: reservationId }, { accessToken, localAddress })
  if (found?.status !== 'PAID') return false
  const numbers = found.seats.map(({ number }) => number)
  return [...seats].sort().join() === seatsOf(found.performance.id, numbers).sort().join()
}

/** Notes what the queue says of itself, which anybody may ask. */
async function pollQueue(
  api: ApiClient,
  concertId: string,
  figures: Stats,
  began: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const seen = await api.request<QueueView | null>('concert', { id: concertId }, {}).catch(() => null)
    if (seen) figures.look(performance.now() - began, seen.queue.capacity, seen.queue.admittedCount)
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Does so many things, a few at a time. After the signal nothing new is begun, and what is not done is left out. */
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
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work))
  return results
}

/** Asked anew: it may have happened meanwhile. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted

/** A crowd comes from many addresses; on this machine, where each has its own ports and limits, we can do that too. */
function sourceAddresses(url: URL): (string | undefined)[] {
  const local = process.platform === 'linux' && url.hostname.startsWith('127.')
  return local ? Array.from({ length: 16 }, (_, index) => `127.0.0.${index + 2}`) : [undefined]
}
