import type { Redis } from 'ioredis'

/**
 * Pings the other end, and closes a connection that receives nothing for `silentMsMax`: TCP alone would wait a quarter of
 * an hour for a dead host. (The socketTimeout of ioredis watches only connections that wait for a reply, and may close the
 * connection that follows.)
 */
export function startLivenessCheck(connection: Redis, silentMsMax: number): NodeJS.Timeout {
  let lastReceived: string | undefined
  let silentChecks = 0
  return setInterval(() => {
    const { status, stream } = connection
    if (status !== 'connect' && status !== 'ready') return
    const received = `${stream.localPort} ${stream.bytesRead}`
    silentChecks = received === lastReceived ? silentChecks + 1 : 0
    lastReceived = received
    // Two, because after one the process itself may have been suspended.
    if (silentChecks >= 2) stream.destroy()
    else if (status === 'ready') connection.ping().catch(() => undefined)
  }, silentMsMax / 2).unref()
}

/** Reconnects by the address, which may lead to another server now. */
export function reconnect(connection: Redis): void {
  // Each error reply of a pipeline may request it. Once is enough.
  if (connection.status === 'ready' && !connection.stream.writableEnded) connection.disconnect(true)
}

/**
 * Keeps both connections on the same server, because messages published on one server do not reach another: after a
 * switchover behind one address, the subscriber would stay with the former primary.
 * @param channel only this subscriber subscribes to it
 */
export function startSameServerCheck(
  redis: Redis,
  subscriber: Redis,
  channel: string,
  everyMs: number,
): NodeJS.Timeout {
  let missed = 0
  subscriber.on('ready', () => {
    missed = 0
    void subscriber.subscribe(channel)
  })
  return setInterval(() => {
    if (redis.status !== 'ready' || subscriber.status !== 'ready') return
    redis.pubsub('NUMSUB', channel).then(
      ([, subscriptions]) => {
        missed = subscriptions === 0 ? missed + 1 : 0
        // Two, because after one the subscription may not have arrived yet.
        if (missed >= 2) reconnect(subscriber)
      },
      () => undefined,
    )
  }, everyMs).unref()
}
