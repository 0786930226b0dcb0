/** What buyers have seen of each other, and meet for. */
import type { Sale } from '../sales.ts'
import type { Random } from '../cluster/types.ts'

/** Something of somebody's. */
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
  /** Seats that were held, and under which key. */
  holds: Owned<SeatChoice & { key: string; heldUntil: number }>[]
  add<T>(list: Owned<T>[], owner: string, it: T): void
  /** Seats of others that will be free again soon, if nobody pays. */
  lapsing(user: string, withinMs: number): (SeatChoice & { heldUntil: number }) | undefined
  /** One of somebody else's. */
  ofOthers<T>(list: Owned<T>[], user: string, random: Random): Owned<T> | undefined
  keysOf(user: string): string[]
  /** Waits for company, for a moment; all who met want the same seats at the same time. */
  chooseTogether(sale: Sale, choose: () => SeatChoice): Promise<SeatChoice>
}

const KEPT_MAX = 60
const WAIT_MS = 500
const GROUP_SIZE = 3

export function createSharedState(): SharedState {
  const keys = new Map<string, string[]>()
  const meetings = new Map<string, { choice: SeatChoice; goers: ((choice: SeatChoice) => void)[] }>()

  const holds: SharedState['holds'] = []
  return {
    tokens: [],
    reservations: [],
    holds,
    lapsing: (user, withinMs) => {
      const now = Date.now()
      const soon = ({ owner, value: it }: SharedState['holds'][number]): boolean =>
        owner !== user && it.heldUntil > now && it.heldUntil < now + withinMs
      return holds.find(soon)?.value
    },
    add: (list, owner, it) => {
      list.push({ owner, value: it })
      if (list.length > KEPT_MAX) list.shift()
    },
    ofOthers: (list, user, random) => {
      const others = list.filter(({ owner }) => owner !== user)
      return others.length > 0 ? random.pick(others) : undefined
    },
    keysOf: (user) => {
      const known = keys.get(user) ?? []
      keys.set(user, known)
      return known
    },
    chooseTogether: (sale, choose) =>
      new Promise((resolve) => {
        const go = (): void => {
          const meeting = meetings.get(sale.concert)
          meetings.delete(sale.concert)
          meeting?.goers.forEach((goer) => goer(meeting.choice))
        }
        const meeting = meetings.get(sale.concert)
        if (!meeting) {
          meetings.set(sale.concert, { choice: choose(), goers: [resolve] })
          setTimeout(go, WAIT_MS)
          return
        }
        meeting.goers.push(resolve)
        if (meeting.goers.length >= GROUP_SIZE) go()
      }),
  }
}
