import type { RedisConnection } from './connection.ts'
import { createKeys } from './keys.ts'

export interface StreamEvent {
  id: string
  type: string
  occurredAt: Date
  data: object
}

export interface EventStream {
  /**
   * Appends events to the stream for other services, in this order. After an error some may stand in it, and
   * come again at the next try: readers tell by `id`. Throws Problem OVERLOADED.
   */
  append(events: readonly StreamEvent[]): Promise<void>
}

/** Of the fields and their meaning; other services read them. */
const VERSION = 1

/** Roughly how many events are kept for consumer groups that are behind. */
const LENGTH_MAX = 100_000

/** The Redis Stream `<prefix>:events`: fields id, type, version, occurredAt (RFC 3339, UTC) and data (JSON). */
export function createEventStream({
  connection,
  prefix,
}: {
  connection: RedisConnection
  prefix?: string
}): EventStream {
  const stream = createKeys(prefix).events
  const append = async (events: readonly StreamEvent[]): Promise<void> => {
    if (events.length === 0) return
    const pipeline = connection.redis.pipeline()
    for (const { id, type, occurredAt, data } of events) {
      const fields = {
        id,
        type,
        version: VERSION,
        occurredAt: occurredAt.toISOString(),
        data: JSON.stringify(data),
      }
      pipeline.xadd(stream, 'MAXLEN', '~', LENGTH_MAX, '*', ...Object.entries(fields).flat())
    }
    await connection.call(async () => {
      const replies = await pipeline.exec()
      const failed = replies?.find(([error]) => error)
      if (failed?.[0]) throw failed[0]
    })
  }
  return { append }
}
