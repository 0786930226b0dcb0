/**
 * An example of another service that hears what happens in Stagedoor: it prints every event once, as a line
 * of JSON. docs/events.md describes the stream.
 *
 *   REDIS_URL=redis://127.0.0.1:6379 node --import tsx examples/events-consumer.ts
 *
 * Start as many as you like: the consumers of a group share the events, and take over from one that died.
 */
import { hostname } from 'node:os'
import { Redis } from 'ioredis'

const {
  REDIS_URL = 'redis://127.0.0.1:6379',
  REDIS_PREFIX = 'stagedoor',
  GROUP = 'example',
  CONSUMER = `${hostname()}-${process.pid}`,
  CLAIM_IDLE_MS = '30000',
} = process.env
const stream = `${REDIS_PREFIX}:events`
const SEEN_SECONDS = 7 * 24 * 60 * 60

type Entry = [entryId: string, fields: string[]]

/** What the service is there for. This one prints; yours might send a receipt. */
function handle({ id, type, occurredAt, data = '{}' }: Record<string, string>): void {
  console.log(JSON.stringify({ id, type, occurredAt, data: JSON.parse(data) as unknown }))
}

async function consume([entryId, fields]: Entry): Promise<void> {
  const event: Record<string, string> = {}
  for (let i = 0; i < fields.length; i += 2) event[fields[i] ?? ''] = fields[i + 1] ?? ''

  // Delivery is at least once, so the same event may come again: under another entry, but with the same id.
  // A service with a database writes the id down there, in the transaction of what it does about the event.
  const seen = `${stream}:seen:${GROUP}:${event.id}`
  if (!(await redis.exists(seen))) {
    handle(event)
    await redis.set(seen, '1', 'EX', SEEN_SECONDS)
  }
  // Only now is it done: until then it stays ours, and is claimed by another consumer if we die.
  await redis.xack(stream, GROUP, entryId)
}

// Waits for a Redis that is away, instead of failing.
const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null })
redis.on('error', (error) => console.error(error.message))

// From the first event that the stream still has; '$' instead of '0' starts with the next one.
await redis.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM').catch((error: unknown) => {
  if (!String(error).includes('BUSYGROUP')) throw error // BUSYGROUP: the group is there already
})

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort())

while (!stopping.signal.aborted) {
  // What somebody took and did not finish, because they died or hang.
  const claimed = await redis.xautoclaim(stream, GROUP, CONSUMER, CLAIM_IDLE_MS, '0-0', 'COUNT', 100)
  // What nobody has taken yet; waits a second for it.
  const read = await redis.xreadgroup(
    ...(['GROUP', GROUP, CONSUMER, 'COUNT', 100, 'BLOCK', 1_000, 'STREAMS', stream, '>'] as const),
  )
  const fresh = (read as [stream: string, entries: Entry[]][] | null)?.[0]?.[1] ?? []
  for (const entry of [...(claimed[1] as Entry[]), ...fresh]) await consume(entry)
}
await redis.quit()
