import type { QueueDelta } from '../../redis/pubsub.ts'

/** Whom a wake-up is for: those whose turn has come or is over, the front of the line, everybody in it. */
export type Audience = 'turn' | 'front' | 'line'

/** Hears how long after it was said all of them had been told of a wake-up, in milliseconds. */
export type ObservePushLatency = (who: Audience, ms: number) => void

/** Since when somebody has not been told of a wake-up. */
interface PushLatency {
  onDelta(wake: QueueDelta): void
  /** Telling begins now, and whatever comes from here on is for the next time. @returns to be called when it is done */
  start(who: Audience): () => void
}

export function createPushLatency(observePushLatency: ObservePushLatency): PushLatency {
  /** When the oldest of those wake-ups was said. */
  const since: Record<Audience, number | null> = { turn: null, front: null, line: null }
  return {
    onDelta: ({ at }) => {
      since.turn ??= at
      since.front ??= at
      since.line ??= at
    },
    start: (who) => {
      const at = since[who]
      since[who] = null
      return () => {
        // The clock of Redis may be ahead of ours.
        if (at !== null) observePushLatency(who, Math.max(0, Date.now() - at))
      }
    },
  }
}
