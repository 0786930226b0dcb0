import type { Seat, SeatChanges } from '../domain/catalog.ts'
import { latest, mapLatest, type Feed } from '../domain/latest-value.ts'
import { SeatSnapshot } from './seat-snapshot.ts'
import type { Wakeups } from '../redis/pubsub.ts'

export interface SeatWatch {
  /** All seats of a performance, then those that changed since the last message that was taken from the stream. */
  watch(performanceId: string): AsyncIterableIterator<SeatChanges>
}

/** A wake-up that was lost is made good by a look after this long. */
const REPAIR_MS = 5_000

/**
 * Watches seats: one subscription, one read and one comparison for all the subscribers that a performance has on
 * this instance.
 * @param options.read all seats of a performance, in seat order
 */
export function createSeatWatch(options: {
  wakeups: Pick<Wakeups, 'listenSeats'>
  read: (performanceId: string) => Promise<Seat[]>
}): SeatWatch {
  const watchers = new Map<string, Watcher>()

  const snapshots = (performanceId: string): AsyncIterableIterator<SeatSnapshot> =>
    latest<SeatSnapshot>((feed) => {
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

  const watch: SeatWatch['watch'] = (performanceId) => {
    // Set when the stream is read, not when it is pushed to: a slow subscriber skips snapshots.
    let delivered: SeatSnapshot | null = null
    return mapLatest(snapshots(performanceId), (snapshot) => {
      const earlier = delivered
      delivered = snapshot
      if (!earlier) return { performanceId, snapshot: true, seats: snapshot.seats }
      const seats = snapshot.changesSince(earlier)
      return seats.length > 0 ? { performanceId, snapshot: false, seats } : undefined
    })
  }
  return { watch }
}

interface Watcher {
  /** Each subscriber, and the snapshot that was pushed to it last. */
  feeds: Map<Feed<SeatSnapshot>, SeatSnapshot | null>
  /** Reads the seats once more; while a read is under way, once more after it. */
  look: () => void
  stop: () => void
}

function startWatcher(
  performanceId: string,
  { wakeups, read }: Parameters<typeof createSeatWatch>[0],
): Watcher {
  const feeds: Watcher['feeds'] = new Map()
  let current: SeatSnapshot | null = null
  let reading = false
  let again = false
  let stopped = false

  async function readAndPush(): Promise<void> {
    const seats = await read(performanceId)
    const snapshot = current ? current.updated(seats) : new SeatSnapshot(seats)
    current = snapshot
    for (const [feed, pushed] of feeds) {
      if (pushed === snapshot) continue
      feeds.set(feed, snapshot)
      feed.push(snapshot)
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
