/** Small concerts, so that buyers compete for few seats. The next one opens before one is sold out. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient, User } from './client.ts'
import type { Log } from './log.ts'
import type { Random, FaultCluster } from './cluster/types.ts'

export interface Sale {
  /** Global ids, and the plain one. */
  concertId: string
  concert: string
  performances: { id: string; uuid: string; seatCount: number }[]
}

export interface Sales {
  /** The newest last. */
  all: Sale[]
  /** One that is on sale. */
  pick(random: Random): Sale

  open(): Promise<Sale>
  /** Changes queue settings and opens new sales until the signal. */
  runOperator(random: Random, signal: AbortSignal): Promise<void>
  /** Changes the settings of a queue, again until that succeeds. */
  updateQueue(sale: Sale, settings: QueueSettings): Promise<void>
}

/** A rate of null: no limit. */
interface QueueSettings {
  capacity?: number
  ratePerSecond?: number | null
  paused?: boolean
}

const CAPACITY = 4
export const SEAT_PRICE = 100
const DATES = 2
const SEATS = 12
const ON_SALE = 2
/** How long a sale lasts before the next one opens. */
const SALE_MS = 25_000
const TRIES_MAX = 40
/** Slow enough to limit admissions now and then. */
const RATES = [0.5, 1, 2]

export async function createSales(
  cluster: FaultCluster,
  client: ApiClient,
  log: Log,
  onOpen: (sale: Sale) => void,
): Promise<Sales> {
  const operator = await client.createUser(randomUUID(), 'operator')
  const all: Sale[] = []
  const server = (attempt: number): number => attempt % cluster.servers.length

  async function open(): Promise<Sale> {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const { answer } = await client.request(
        'createConcert',
        { input: newConcert() },
        by(operator, server(attempt)),
      )
      if (typeof answer?.id !== 'string') {
        await sleep(500)
        continue
      }
      const concert = uuidOf(answer.id)
      const ids = (answer.performances as { id: string }[]).map(({ id }) => id)
      const performances = ids.map((id) => ({ id, uuid: uuidOf(id), seatCount: SEATS }))
      const sale: Sale = { concertId: answer.id, concert, performances }
      log.write({ kind: 'sale', concert, performances: ids.map(uuidOf), seatCount: SEATS })
      all.push(sale)
      onOpen(sale)
      return sale
    }
    throw new Error('No concert could be created')
  }

  async function updateQueue(sale: Sale, settings: QueueSettings): Promise<void> {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const input = { concertId: sale.concertId, ...settings }
      const { outcome } = await client.request('updateQueue', { input }, by(operator, server(attempt)))
      if (outcome === 'ok') return
      await sleep(500)
    }
  }

  return {
    all,
    pick: (random) => random.pick(all.slice(-ON_SALE)),
    open,
    updateQueue,
    runOperator: async (random, signal) => {
      let opened = Date.now()
      const isOver = (): boolean => signal.aborted
      while (!isOver()) {
        await sleep(random.int(1_500, 5_000), undefined, { signal }).catch(() => undefined)
        if (isOver()) return
        if (Date.now() - opened > SALE_MS) {
          opened = Date.now()
          await open().catch(() => undefined)
        }
        const sale = random.pick(all.slice(-ON_SALE))
        const capacity = random.int(2, CAPACITY + 2)
        const ratePerSecond = random.next() < 0.4 ? random.pick(RATES) : null
        const paused = random.next() < 0.15
        const input = { concertId: sale.concertId, capacity, ratePerSecond, paused }
        await client.request(
          'updateQueue',
          { input },
          by(operator, random.int(0, cluster.servers.length - 1)),
        )
        if (!paused) continue
        await sleep(random.int(300, 1_500))
        await updateQueue(sale, { paused: false })
      }
    },
  }
}

const by = (user: User, server: number) => ({ user, server })

const newConcert = () => ({
  title: 'Under fire',
  queueCapacity: CAPACITY,
  performances: Array.from({ length: DATES }, (_, index) => ({
    startsAt: new Date(Date.now() + (index + 1) * 86_400_000).toISOString(),
    seatCount: SEATS,
    seatPrice: SEAT_PRICE,
  })),
})

/** The UUID in a global id. */
export function uuidOf(id: string): string {
  return Buffer.from(id, 'base64').toString('latin1').split(':')[1] ?? id
}

/** Tries again while the store is unavailable. */
export async function whenReachable<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt >= TRIES_MAX) throw error
      await sleep(500)
    }
  }
}
