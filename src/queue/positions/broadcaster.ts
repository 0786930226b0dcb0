import { setImmediate as breathe } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { isOver } from '../../domain/queue.ts'
import type { QueueStatus, WatchedTicket } from '../../domain/queue.ts'
import type { Reader } from './positions.ts'
import { createMirror } from './replica.ts'
import { FRONT, isDue, isNews } from './throttle.ts'
import type { Waiting } from './throttle.ts'
import { estimateOf } from '../replies.ts'
import type { Outlook } from '../replies.ts'
import type { Settled } from '../recovery.ts'
import { createUntold, type OnTold } from './push-latency.ts'
import type { QueueWake, Wakeups } from '../../redis/pubsub.ts'

/** Reads tickets; without any, what holds for all. */
export type ReadStatuses = (concertId: string, tickets: readonly WatchedTicket[]) => Promise<Settled>

export interface Watcher {
  add(reader: Reader): void
  /** -> is nobody left? */
  remove(reader: Reader): boolean
  stop(): void
}

export interface WatcherTimes {
  /** How often to make sure that no wake-up was lost, and to read those who are not in line, in milliseconds. */
  repairMs: number
  /** Within this everybody in line is read, because that is how they are present. */
  presenceMs: number
}

/** How many tickets one call reads. */
const BATCH_MAX = 500
/** The least time between two looks at the front: wake-ups in between become one. */
const FRONT_MS = 100
/** The least time between two looks at everybody. */
const LOOK_MS_MAX = 1_000
/** How often the clock is looked at, for what comes without a wake-up. */
const BEAT_MS_MAX = 250
/** After so many were told, others have their turn: answers from Redis, and so whoever is let in, above all. */
const TOLD_AT_ONCE_MAX = 200

const now = (): number => performance.now()

/** Was its owner heard of since it was last read as present? */
const isHeard = ({ heardAt, presentAt }: Reader): boolean => heardAt() > presentAt

/** Tells all subscribers of one concert on this instance. It reads few of them: the mirror knows the others' places. */
export function createWatcher(
  concertId: string,
  read: ReadStatuses,
  wakeups: Wakeups,
  { repairMs, presenceMs }: WatcherTimes,
  onTold: OnTold,
): Watcher {
  const mirror = createMirror()
  const untold = createUntold(onTold)
  const { line, unread } = mirror
  const lookMs = Math.min(LOOK_MS_MAX, repairMs / 2)
  let outlook: Outlook = { paused: false, msPerPlace: null }
  /** The version that `outlook.paused` is of. */
  let pausedAt = -Infinity
  let outlookDue = true
  let repairedAt = now()
  let presentAt = -Infinity
  let lookDue = false
  /** Something has happened since everybody was looked at. */
  let woken = false
  let lookedAt = -Infinity
  let frontAt = -Infinity
  let looking = false
  let reading = false
  let listening = false
  let stopped = false
  let rounds: NodeJS.Timeout | null = null

  function onWake(wake: QueueWake | null): void {
    mirror.hear(wake)
    if (wake) untold.hear(wake)
    if (wake) hope({ ...outlook, paused: wake.paused === 1 }, wake.version)
    else pausedAt = -Infinity // Redis may be back with an older file, and so with older versions
    lookDue = woken = true
    void readOn()
    soon()
  }

  /**
   * What concerns everybody is told to everybody at once. Answers and wake-ups come over two connections: the older one of
   * two says nothing about now.
   */
  function hope({ msPerPlace, paused }: Outlook, version: number): void {
    const isNew = version >= pausedAt && paused !== outlook.paused
    pausedAt = Math.max(pausedAt, version)
    if (isNew) {
      lookedAt = -Infinity
      lookDue = true
    }
    outlook = { msPerPlace, paused: isNew ? paused : outlook.paused }
  }

  /** Reads one batch after the other until nobody is left to read; there is never more than one under way. */
  async function readOn(): Promise<void> {
    if (reading || !listening) return
    reading = true
    mirror.catchUp()
    let turns = false
    while (!stopped && (unread.size > 0 || outlookDue)) {
      turns ||= unread.size > 0
      if (!(await readBatch())) break // the next beat tries again
      mirror.catchUp()
    }
    reading = false
    if (unread.size > 0) return
    const done = untold.of('turn')
    if (turns) done()
  }

  /** -> did it work for all of them? Whoever it did not work for stays to be read. */
  async function readBatch(): Promise<boolean> {
    const batch: Reader[] = []
    for (const reader of unread) if (batch.push(reader) === BATCH_MAX) break
    for (const reader of batch) {
      unread.delete(reader)
      reader.readBy = Infinity
    }
    outlookDue = false
    const sent = mirror.send()
    const readAt = now()
    const tickets = batch.map((reader): WatchedTicket => {
      reader.silent = !isHeard(reader)
      return reader.silent ? { ...reader.ticket, silent: true } : reader.ticket
    })
    const answer = await read(concertId, tickets).catch(() => null)
    const settle = sent.receive(answer?.version ?? null)
    if (!answer || !settle) {
      for (const reader of batch) if (line.has(reader)) unread.add(reader)
      outlookDue = true
      return answer !== null
    }
    const { statuses, version, paused, msPerPlace } = answer
    lookDue ||= batch.length > 0 || msPerPlace !== outlook.msPerPlace
    hope({ msPerPlace, paused }, version)
    if (lookDue) soon()
    let complete = true
    for (const [index, reader] of batch.entries()) {
      const status = statuses[index]
      if (!line.has(reader)) continue
      if (!status || status.kind === 'Failed') {
        unread.add(reader)
        complete = false
      } else {
        if (!tickets[index]?.silent) reader.presentAt = readAt
        take(reader, status, settle)
      }
    }
    return complete
  }

  function take(
    reader: Reader,
    status: QueueStatus,
    settle: (of: Reader, at: number) => number | null,
  ): void {
    if (status.kind === 'Waiting') {
      // Spread out by the number, so that those who came together are not read together for ever.
      reader.readBy = now() + presenceMs * (0.5 + ((reader.ticket.number * 0.618) % 0.5))
      const position = settle(reader, status.position)
      if (position !== null && reader.told?.kind !== 'Waiting') tell(reader, waitingAt(position))
      return
    }
    reader.readBy = now() + repairMs
    mirror.leave(reader)
    if (!isDeepStrictEqual(reader.told, status)) tell(reader, status)
  }

  const waitingAt = (position: number): Waiting => ({
    kind: 'Waiting',
    position,
    estimatedWaitSeconds: estimateOf(position, outlook.msPerPlace),
    paused: outlook.paused,
  })

  function tell(reader: Reader, status: QueueStatus): void {
    reader.told = status
    reader.toldAt = now()
    reader.feed.push(status)
    if (!isOver(status)) return
    mirror.remove(reader)
    reader.feed.end()
  }

  /** -> was there news, and was it time to tell? News that is not told now is looked at again. */
  function look(reader: Reader, position: number, time: number): boolean {
    if (reader.told?.kind !== 'Waiting') return false
    const status = waitingAt(position)
    if (!isNews(reader.told, status)) return false
    const due = isDue(reader.told, status, time - reader.toldAt)
    if (due) tell(reader, status)
    else lookDue = true
    return due
  }

  function lookAtFront(): void {
    frontAt = now()
    const done = untold.of('front')
    for (const reader of line.readers) {
      const position = line.positionOf(reader)
      if (position === null) continue
      if (position > FRONT) break
      look(reader, position, frontAt)
    }
    done()
  }

  async function lookAtAll(): Promise<void> {
    looking = true
    lookDue = false
    outlookDue ||= woken
    woken = false
    const done = untold.of('line')
    lookedAt = now()
    let time = lookedAt
    let told = 0
    for (let index = 0; index < line.readers.length && !stopped; index++) {
      const reader = line.readers[index] as Reader
      const position = line.positionOf(reader)
      if (position === null || !look(reader, position, time)) continue
      told += 1
      if (told % TOLD_AT_ONCE_MAX > 0) continue
      await breathe()
      time = now()
      mirror.catchUp()
      void readOn()
      index = line.from(reader.ticket.number) - 1
    }
    if (!stopped) done()
    looking = false
  }

  /** One timer for all of them, however many wake-ups there are. */
  function soon(): void {
    rounds ??= setTimeout(round, Math.max(0, frontAt + FRONT_MS - now())).unref()
  }

  function round(): void {
    rounds = null
    mirror.catchUp()
    lookAtFront()
    if (lookDue && !looking && now() - lookedAt >= lookMs) void lookAtAll()
    void readOn()
  }

  function onBeat(): void {
    const time = now()
    mirror.check(time)
    if (time - repairedAt >= repairMs) {
      repairedAt = time
      outlookDue = true
    }
    if (time - presentAt >= lookMs) {
      presentAt = time
      for (const reader of line.readers)
        // Whoever comes back is present again at once.
        if (reader.readBy <= time || (reader.silent && isHeard(reader))) unread.add(reader)
    }
    if (lookDue) soon()
    void readOn()
  }

  const beat = setInterval(onBeat, Math.min(BEAT_MS_MAX, repairMs / 2)).unref()
  const subscription = wakeups.listenQueue(concertId, onWake)
  void subscription.then(() => (listening = true))

  return {
    add: (reader) => {
      line.add(reader)
      unread.add(reader)
      void subscription.then(readOn)
    },
    remove: (reader) => {
      mirror.remove(reader)
      return line.readers.length === 0
    },
    stop: () => {
      stopped = true
      clearInterval(beat)
      if (rounds) clearTimeout(rounds)
      void subscription.then((stop) => stop())
    },
  }
}
