import type { Seat, SeatChanges } from '../domain/catalog.ts'
import { latestValue, filterMap, type Sink } from '../domain/latest-value.ts'
import { SeatSnapshot } from './seat-snapshot.ts'
import type { PubSub, Unsubscribe } from '../redis/pubsub.ts'

export interface SeatSubscriptions {
  /**
   * All seats of a performance, then those that have changed since the last message that was taken from the stream.
   * @param until when it yields or completes, the seats are read once more, and the stream completes after their changes;
   *   it is cancelled with the stream
   */
  subscribe(performanceId: string, until?: AsyncIterableIterator<unknown>): AsyncIterableIterator<SeatChanges>
}

/** How often seats are read without a message, in case one was lost. */
const POLL_MS = 5_000

interface SeatSubscriptionOptions {
  pubsub: Pick<PubSub, 'subscribeSeats'>
  /** All seats of a performance, in seat order. */
  read: (performanceId: string) => Promise<Seat[]>
}

/** One Redis subscription, one read and one comparison serve all subscribers of a performance on this server. */
export function createSeatSubscriptions(options: SeatSubscriptionOptions): SeatSubscriptions {
  const broadcasters = new Map<string, SnapshotBroadcaster>()

  const snapshots = (
    performanceId: string,
    until?: AsyncIterableIterator<unknown>,
  ): AsyncIterableIterator<SeatSnapshot> =>
    latestValue<SeatSnapshot>((sink) => {
      const broadcaster = broadcasters.get(performanceId) ?? new SnapshotBroadcaster(performanceId, options)
      broadcasters.set(performanceId, broadcaster)
      broadcaster.add(sink)
      const finish = (): void => broadcaster.finish(sink)
      void until?.next().then(finish, finish)
      return () => {
        void until?.return?.()
        if (broadcaster.remove(sink)) broadcasters.delete(performanceId)
      }
    })

  return {
    subscribe: (performanceId, until) => {
      // Set when a snapshot is taken, not when it is pushed: a slow subscriber skips snapshots.
      let delivered: SeatSnapshot | null = null
      return filterMap(snapshots(performanceId, until), (snapshot) => {
        const earlier = delivered
        delivered = snapshot
        const { takenCount } = snapshot
        if (!earlier) return { performanceId, takenCount, snapshot: true, seats: snapshot.seats }
        const seats = snapshot.changesSince(earlier)
        return seats.length > 0 ? { performanceId, takenCount, snapshot: false, seats } : undefined
      })
    },
  }
}

class SnapshotBroadcaster {
  private state: 'subscribing' | 'idle' | 'reading' | 'stopped' = 'subscribing'
  /** A read was requested during the current one. */
  private readAgain = false
  private current: SeatSnapshot | null = null
  /** The snapshot that was pushed to each subscriber last. */
  private readonly sinks = new Map<Sink<SeatSnapshot>, SeatSnapshot | null>()
  /** Subscribers whose streams end after the next read. */
  private readonly finishing = new Set<Sink<SeatSnapshot>>()
  private readonly read: () => Promise<Seat[]>
  private readonly subscription: Promise<Unsubscribe>
  private readonly polls: NodeJS.Timeout

  constructor(performanceId: string, { pubsub, read }: SeatSubscriptionOptions) {
    this.read = () => read(performanceId)
    this.subscription = pubsub.subscribeSeats(performanceId, () => this.refresh())
    // Nothing is read before the subscription is confirmed, so that no change falls in between.
    void this.subscription.then(() => this.start())
    this.polls = setInterval(() => this.refresh(), POLL_MS).unref()
  }

  add(sink: Sink<SeatSnapshot>): void {
    this.sinks.set(sink, null)
    this.refresh()
  }

  /** Ends the stream of a subscriber after a read that begins from now on and succeeds. */
  finish(sink: Sink<SeatSnapshot>): void {
    if (!this.sinks.has(sink)) return
    this.finishing.add(sink)
    this.refresh()
  }

  /** @returns whether that was the last subscriber; then it has stopped */
  remove(sink: Sink<SeatSnapshot>): boolean {
    this.sinks.delete(sink)
    this.finishing.delete(sink)
    if (this.sinks.size > 0) return false
    this.state = 'stopped'
    clearInterval(this.polls)
    void this.subscription.then((unsubscribe) => unsubscribe())
    return true
  }

  private start(): void {
    if (this.state !== 'subscribing') return
    this.state = 'idle'
    this.refresh()
  }

  /** Reads the seats once more; while a read is in progress, once more after it. */
  private refresh(): void {
    if (this.state === 'reading') this.readAgain = true
    if (this.state !== 'idle') return
    this.state = 'reading'
    this.readAgain = false
    this.readAndPush()
      .catch(() => undefined) // PostgreSQL is away: the next poll reads again.
      .finally(() => this.onReadDone())
  }

  private onReadDone(): void {
    if (this.state !== 'reading') return
    this.state = 'idle'
    if (this.readAgain) this.refresh()
  }

  private async readAndPush(): Promise<void> {
    const finishing = [...this.finishing]
    const seats = await this.read()
    const snapshot = this.current ? this.current.updated(seats) : new SeatSnapshot(seats)
    this.current = snapshot
    for (const [sink, pushed] of this.sinks) {
      if (pushed === snapshot) continue
      this.sinks.set(sink, snapshot)
      sink.push(snapshot)
    }
    for (const sink of finishing) sink.end()
  }
}
