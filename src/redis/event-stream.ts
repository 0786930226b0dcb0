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
   * Appends events in this order. After an error some may have been appended, and the next try appends them again: readers
   * deduplicate by `id`. Throws Problem OVERLOADED.
   */
  append(events: readonly StreamEvent[]): Promise<void>
}

/** The version of the fields and their meaning, for the services that read them. */
const VERSION = 1

/** The approximate number of events kept for consumers that are behind. */
const LENGTH_MAX = 100_000

/** The Redis Stream `<prefix>:events` for other services: fields id, type, version, occurredAt (RFC 3339, UTC) and data (JSON). */
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
      const error = replies?.find(([failure]) => failure)?.[0]
      if (error) throw error
    })
  }
  return { append }
}
