import { changedSeats, type Seat } from '../domain/catalog.ts'
import { latest, type Feed } from './latest.ts'
import type { Wakeups } from './wakeups.ts'

export interface SeatWatch {
  /** All seats of a performance now, and all of them again whenever one changes. The newest state only. */
  watch(performanceId: string): AsyncIterableIterator<Seat[]>
}

/** A wake-up that was lost is made good by a look after this long. */
const REPAIR_MS = 5_000

/**
 * Watches seats: one subscription and one read for all the subscribers that a performance has here.
 * @param options.read all seats of a performance, in seat order
 */
export function createSeatWatch(options: {
  wakeups: Pick<Wakeups, 'listenSeats'>
  read: (performanceId: string) => Promise<Seat[]>
}): SeatWatch {
  const watchers = new Map<string, Watcher>()

  const watch: SeatWatch['watch'] = (performanceId) =>
    latest<Seat[]>((feed) => {
      let watcher = watchers.get(performanceId)
      if (!watcher) {
        watcher = startWatcher(performanceId, options)
        watchers.set(performanceId, watcher)
      }
      const { feeds, look, stop } = watcher
      feeds.set(feed, null)
      look()
      return () => {
        feeds.delete(feed)
        if (feeds.size > 0) return
        watchers.delete(performanceId)
        stop()
      }
    })
  return { watch }
}

interface Watcher {
  /** Each subscriber, and the seats it was sent last. */
  feeds: Map<Feed<Seat[]>, Seat[] | null>
  /** Reads the seats once more; while a read is under way, once more after it. */
  look: () => void
  stop: () => void
}

function startWatcher(
  performanceId: string,
  { wakeups, read }: Parameters<typeof createSeatWatch>[0],
): Watcher {
  const feeds: Watcher['feeds'] = new Map()
  let reading = false
  let again = false
  let stopped = false

  async function readAndPush(): Promise<void> {
    const seats = await read(performanceId)
    for (const [feed, sent] of feeds) {
      if (sent && changedSeats(sent, seats).length === 0) continue
      feeds.set(feed, seats)
      feed.push(seats)
    }
  }

  const look = (): void => {
    again = true
    if (reading || !listening || stopped) return
    reading = true
    again = false
    readAndPush()
      .catch(() => undefined) // PostgreSQL is away: the repair looks again.
      .finally(() => {
        reading = false
        if (again) look()
      })
  }

  // Nobody is told anything before the subscription stands, so that nothing falls in between.
  let listening = false
  const listener = wakeups.listenSeats(performanceId, look)
  void listener.then(() => {
    listening = true
    look()
  })
  const repair = setInterval(look, REPAIR_MS).unref()

  return {
    feeds,
    look,
    stop: () => {
      stopped = true
      clearInterval(repair)
      void listener.then((unlisten) => unlisten())
    },
  }
}
