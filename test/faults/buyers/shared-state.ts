/** What buyers know of each other, and how they compete for the same seats. */
import type { Sale } from '../sales.ts'
import type { Random } from '../cluster/types.ts'

export interface Owned<T> {
  owner: string
  value: T
}

export interface SeatChoice {
  performanceId: string
  seatNumbers: number[]
}

export interface SharedState {
  tokens: Owned<string>[]
  reservations: Owned<string>[]
  /** Seats that were held, and the idempotency key. */
  holds: Owned<SeatChoice & { key: string; heldUntil: number }>[]
  add<T>(list: Owned<T>[], owner: string, value: T): void
  /** A hold of another user that lapses within this time unless it is paid. */
  lapsing(user: string, withinMs: number): (SeatChoice & { heldUntil: number }) | undefined
  /** A random one of another user. */
  ofOthers<T>(list: Owned<T>[], user: string, random: Random): Owned<T> | undefined
  keysOf(user: string): string[]
  /** Waits a moment for other buyers, so that the whole group holds the same seats at once. */
  chooseTogether(sale: Sale, choose: () => SeatChoice): Promise<SeatChoice>
}

const KEPT_MAX = 60
const WAIT_MS = 500
const GROUP_SIZE = 3

export function createSharedState(): SharedState {
  const keys = new Map<string, string[]>()
  const groups = new Map<string, { choice: SeatChoice; waiting: ((choice: SeatChoice) => void)[] }>()

  const holds: SharedState['holds'] = []
  return {
    tokens: [],
    reservations: [],
    holds,
    lapsing: (user, withinMs) => {
      const now = Date.now()
      const lapsesSoon = ({ owner, value }: SharedState['holds'][number]): boolean =>
        owner !== user && value.heldUntil > now && value.heldUntil < now + withinMs
      return holds.find(lapsesSoon)?.value
    },
    add: (list, owner, value) => {
      list.push({ owner, value })
      if (list.length > KEPT_MAX) list.shift()
    },
    ofOthers: (list, user, random) => {
      const others = list.filter(({ owner }) => owner !== user)
      return others.length > 0 ? random.pick(others) : undefined
    },
    keysOf: (user) => {
      const used = keys.get(user) ?? []
      keys.set(user, used)
      return used
    },
    chooseTogether: (sale, choose) =>
      new Promise((resolve) => {
        const release = (): void => {
          const group = groups.get(sale.concert)
          groups.delete(sale.concert)
          group?.waiting.forEach((resolve) => resolve(group.choice))
        }
        const group = groups.get(sale.concert)
        if (!group) {
          groups.set(sale.concert, { choice: choose(), waiting: [resolve] })
          setTimeout(release, WAIT_MS)
          return
        }
        group.waiting.push(resolve)
        if (group.waiting.length >= GROUP_SIZE) release()
      }),
  }
}
