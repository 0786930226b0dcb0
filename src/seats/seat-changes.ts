import type { Seat, SeatChanges } from '../domain/catalog.ts'
import { latestValue, filterMap, type Sink } from '../domain/latest-value.ts'
import { SeatSnapshot } from './seat-snapshot.ts'
import type { PubSub } from '../redis/pubsub.ts'

export interface SeatSubscriptions {
  /** All seats of a performance, then those that changed since the last message that was taken from the stream. */
  subscribe(performanceId: string): AsyncIterableIterator<SeatChanges>
}

/** A wake-up that was lost is made good by a look after this long. */
const POLL_MS = 5_000

/**
 * Watches seats: one subscription, one read and one comparison for all the subscribers that a performance has on
 * this instance.
 * @param options.read all seats of a performance, in seat order
 */
export function createSeatSubscriptions(options: {
  pubsub: Pick<PubSub, 'subscribeSeats'>
  read: (performanceId: string) => Promise<Seat[]>
}): SeatSubscriptions {
  const watchers = new Map<string, Broadcaster>()

  const snapshots = (performanceId: string): AsyncIterableIterator<SeatSnapshot> =>
    latestValue<SeatSnapshot>((feed) => {
      let watcher = watchers.get(performanceId)
      if (!watcher) {
        watcher = startBroadcaster(performanceId, options)
        watchers.set(performanceId, watcher)
      }
      const { sinks: feeds, refresh: look, stop } = watcher
      feeds.set(feed, null)
      look()
      return () => {
        feeds.delete(feed)
        if (feeds.size > 0) return
        watchers.delete(performanceId)
        stop()
      }
    })

  const watch: SeatSubscriptions['subscribe'] = (performanceId) => {
    // Set when the stream is read, not when it is pushed to: a slow subscriber skips snapshots.
    let delivered: SeatSnapshot | null = null
    return filterMap(snapshots(performanceId), (snapshot) => {
      const earlier = delivered
      delivered = snapshot
      const { takenCount } = snapshot
      if (!earlier) return { performanceId, takenCount, snapshot: true, seats: snapshot.seats }
      const seats = snapshot.changesSince(earlier)
      return seats.length > 0 ? { performanceId, takenCount, snapshot: false, seats } : undefined
    })
  }
  return { subscribe: watch }
}

interface Broadcaster {
  /** Each subscriber, and the snapshot that was pushed to it last. */
  sinks: Map<Sink<SeatSnapshot>, SeatSnapshot | null>
  /** Reads the seats once more; while a read is under way, once more after it. */
  refresh: () => void
  stop: () => void
}

function startBroadcaster(
  performanceId: string,
  { pubsub, read }: Parameters<typeof createSeatSubscriptions>[0],
): Broadcaster {
  const feeds: Broadcaster['sinks'] = new Map()
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
  const listener = pubsub.subscribeSeats(performanceId, look)
  void listener.then(() => {
    listening = true
    look()
  })
  const repair = setInterval(look, POLL_MS).unref()

  return {
    sinks: feeds,
    refresh: look,
    stop: () => {
      stopped = true
      clearInterval(repair)
      void listener.then((unlisten) => unlisten())
    },
  }
}
