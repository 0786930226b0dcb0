import type { QueueWake } from '../../redis/pubsub.ts'

/** Whom a wake-up is for: those whose turn has come or is over, the front of the line, everybody in it. */
export type Told = 'turn' | 'front' | 'line'

/** Hears how long after it was said all of them had been told of a wake-up, in milliseconds. */
export type OnTold = (who: Told, ms: number) => void

/** Since when somebody has not been told of a wake-up. */
interface Untold {
  hear(wake: QueueWake): void
  /** Telling begins now, and whatever comes from here on is for the next time. @returns to be called when it is done */
  of(who: Told): () => void
}

export function createUntold(onTold: OnTold): Untold {
  /** When the oldest of those wake-ups was said. */
  const since: Record<Told, number | null> = { turn: null, front: null, line: null }
  return {
    hear: ({ at }) => {
      since.turn ??= at
      since.front ??= at
      since.line ??= at
    },
    of: (who) => {
      const at = since[who]
      since[who] = null
      return () => {
        // The clock of Redis may be ahead of ours.
        if (at !== null) onTold(who, Math.max(0, Date.now() - at))
      }
    },
  }
}
