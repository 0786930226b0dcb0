import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { isTerminal } from '../../domain/queue.ts'
import type { QueueStatus, StatusQuery } from '../../domain/queue.ts'
import type { Subscriber } from './positions.ts'
import { createReplica } from './replica.ts'
import { FRONT, isDue, hasChanged } from './throttle.ts'
import type { Waiting } from './throttle.ts'
import { estimateWait } from '../replies.ts'
import type { QueueConditions } from '../replies.ts'
import type { ResolvedReport } from '../recovery.ts'
import { createPushLatency, type ObservePushLatency } from './push-latency.ts'
import type { QueueDelta, PubSub } from '../../redis/pubsub.ts'

/** Reads tickets; without any, what holds for all. */
export type ReadStatuses = (concertId: string, tickets: readonly StatusQuery[]) => Promise<ResolvedReport>

export interface Broadcaster {
  add(reader: Subscriber): void
  /** -> is nobody left? */
  remove(reader: Subscriber): boolean
  stop(): void
}

export interface BroadcasterTimes {
  /** How often to make sure that no wake-up was lost, and to read those who are not in line, in milliseconds. */
  pollMs: number
  /** Within this everybody in line is read, because that is how they are present. */
  presenceMs: number
}

/** How many tickets one call reads. */
const BATCH_MAX = 500
/** The least time between two looks at the front: wake-ups in between become one. */
const FRONT_FLUSH_MS = 100
/** The least time between two looks at everybody. */
const FLUSH_MS_MAX = 1_000
/** How often the clock is looked at, for what comes without a wake-up. */
const TICK_MS_MAX = 250
/** After so many were told, others have their turn: answers from Redis, and so whoever is let in, above all. */
const NOTIFY_BATCH_MAX = 200

const now = (): number => performance.now()

/** Was its owner heard of since it was last read as present? */
const seenSinceRead = ({ lastSeenAt, presentAt }: Subscriber): boolean => lastSeenAt() > presentAt

/** Tells all subscribers of one concert on this instance. It reads few of them: the mirror knows the others' places. */
export function createBroadcaster(
  concertId: string,
  read: ReadStatuses,
  pubsub: PubSub,
  { pollMs: repairMs, presenceMs }: BroadcasterTimes,
  observePushLatency: ObservePushLatency,
): Broadcaster {
  const mirror = createReplica()
  const untold = createPushLatency(observePushLatency)
  const { positions: line, unread } = mirror
  const lookMs = Math.min(FLUSH_MS_MAX, repairMs / 2)
  let outlook: QueueConditions = { paused: false, msPerPosition: null }
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

  function onDelta(wake: QueueDelta | null): void {
    mirror.onDelta(wake)
    if (wake) untold.onDelta(wake)
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
  function hope({ msPerPosition, paused }: QueueConditions, version: number): void {
    const isNew = version >= pausedAt && paused !== outlook.paused
    pausedAt = Math.max(pausedAt, version)
    if (isNew) {
      lookedAt = -Infinity
      lookDue = true
    }
    outlook = { msPerPosition, paused: isNew ? paused : outlook.paused }
  }

  /** Reads one batch after the other until nobody is left to read; there is never more than one under way. */
  async function readOn(): Promise<void> {
    if (reading || !listening) return
    reading = true
    mirror.applyPending()
    let turns = false
    while (!stopped && (unread.size > 0 || outlookDue)) {
      turns ||= unread.size > 0
      if (!(await readBatch())) break // the next beat tries again
      mirror.applyPending()
    }
    reading = false
    if (unread.size > 0) return
    const done = untold.start('turn')
    if (turns) done()
  }

  /** -> did it work for all of them? Whoever it did not work for stays to be read. */
  async function readBatch(): Promise<boolean> {
    const batch: Subscriber[] = []
    for (const reader of unread) if (batch.push(reader) === BATCH_MAX) break
    for (const reader of batch) {
      unread.delete(reader)
      reader.readDeadline = Infinity
    }
    outlookDue = false
    const sent = mirror.beginRead()
    const readAt = now()
    const tickets = batch.map((reader): StatusQuery => {
      reader.silent = !seenSinceRead(reader)
      return reader.silent ? { ...reader.ticket, passive: true } : reader.ticket
    })
    const answer = await read(concertId, tickets).catch(() => null)
    const settle = sent.complete(answer?.version ?? null)
    if (!answer || !settle) {
      for (const reader of batch) if (line.has(reader)) unread.add(reader)
      outlookDue = true
      return answer !== null
    }
    const { statuses, version, paused, msPerPosition } = answer
    lookDue ||= batch.length > 0 || msPerPosition !== outlook.msPerPosition
    hope({ msPerPosition, paused }, version)
    if (lookDue) soon()
    let complete = true
    for (const [index, reader] of batch.entries()) {
      const status = statuses[index]
      if (!line.has(reader)) continue
      if (!status || status.kind === 'Failed') {
        unread.add(reader)
        complete = false
      } else {
        if (!tickets[index]?.passive) reader.presentAt = readAt
        take(reader, status, settle)
      }
    }
    return complete
  }

  function take(
    reader: Subscriber,
    status: QueueStatus,
    settle: (of: Subscriber, at: number) => number | null,
  ): void {
    if (status.kind === 'Waiting') {
      // Spread out by the number, so that those who came together are not read together for ever.
      reader.readDeadline = now() + presenceMs * (0.5 + ((reader.ticket.number * 0.618) % 0.5))
      const position = settle(reader, status.position)
      if (position !== null && reader.lastSent?.kind !== 'Waiting') tell(reader, waitingAt(position))
      return
    }
    reader.readDeadline = now() + repairMs
    mirror.clearPosition(reader)
    if (!isDeepStrictEqual(reader.lastSent, status)) tell(reader, status)
  }

  const waitingAt = (position: number): Waiting => ({
    kind: 'Waiting',
    position,
    estimatedWaitSeconds: estimateWait(position, outlook.msPerPosition),
    paused: outlook.paused,
  })

  function tell(reader: Subscriber, status: QueueStatus): void {
    reader.lastSent = status
    reader.lastSentAt = now()
    reader.sink.push(status)
    if (!isTerminal(status)) return
    mirror.remove(reader)
    reader.sink.end()
  }

  /** -> was there news, and was it time to tell? News that is not told now is looked at again. */
  function look(reader: Subscriber, position: number, time: number): boolean {
    if (reader.lastSent?.kind !== 'Waiting') return false
    const status = waitingAt(position)
    if (!hasChanged(reader.lastSent, status)) return false
    const due = isDue(reader.lastSent, status, time - reader.lastSentAt)
    if (due) tell(reader, status)
    else lookDue = true
    return due
  }

  function lookAtFront(): void {
    frontAt = now()
    const done = untold.start('front')
    for (const reader of line.subscribers) {
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
    const done = untold.start('line')
    lookedAt = now()
    let time = lookedAt
    let told = 0
    for (let index = 0; index < line.subscribers.length && !stopped; index++) {
      const reader = line.subscribers[index] as Subscriber
      const position = line.positionOf(reader)
      if (position === null || !look(reader, position, time)) continue
      told += 1
      if (told % NOTIFY_BATCH_MAX > 0) continue
      await yieldToEventLoop()
      time = now()
      mirror.applyPending()
      void readOn()
      index = line.lowerBound(reader.ticket.number) - 1
    }
    if (!stopped) done()
    looking = false
  }

  /** One timer for all of them, however many wake-ups there are. */
  function soon(): void {
    rounds ??= setTimeout(round, Math.max(0, frontAt + FRONT_FLUSH_MS - now())).unref()
  }

  function round(): void {
    rounds = null
    mirror.applyPending()
    lookAtFront()
    if (lookDue && !looking && now() - lookedAt >= lookMs) void lookAtAll()
    void readOn()
  }

  function onBeat(): void {
    const time = now()
    mirror.detectLostDeltas(time)
    if (time - repairedAt >= repairMs) {
      repairedAt = time
      outlookDue = true
    }
    if (time - presentAt >= lookMs) {
      presentAt = time
      for (const reader of line.subscribers)
        // Whoever comes back is present again at once.
        if (reader.readDeadline <= time || (reader.silent && seenSinceRead(reader))) unread.add(reader)
    }
    if (lookDue) soon()
    void readOn()
  }

  const beat = setInterval(onBeat, Math.min(TICK_MS_MAX, repairMs / 2)).unref()
  const subscription = pubsub.subscribeQueue(concertId, onDelta)
  void subscription.then(() => (listening = true))

  return {
    add: (reader) => {
      line.add(reader)
      unread.add(reader)
      void subscription.then(readOn)
    },
    remove: (reader) => {
      mirror.remove(reader)
      return line.subscribers.length === 0
    },
    stop: () => {
      stopped = true
      clearInterval(beat)
      if (rounds) clearTimeout(rounds)
      void subscription.then((stop) => stop())
    },
  }
}
