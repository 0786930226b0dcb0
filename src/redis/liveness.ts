import type { Redis } from 'ioredis'

/**
 * Asks again and again whether the other end is there, and gives up a connection that says nothing for
 * `silentMsMax`: TCP alone would wait a quarter of an hour for a dead host. (The socketTimeout of ioredis looks
 * only at connections that wait for something, and may end the one that came after.)
 */
export function startLivenessCheck(connection: Redis, silentMsMax: number): NodeJS.Timeout {
  let heard: string | undefined
  let silences = 0
  return setInterval(() => {
    const { status, stream } = connection
    if (status !== 'connect' && status !== 'ready') return
    const said = `${stream.localPort} ${stream.bytesRead}`
    silences = said === heard ? silences + 1 : 0
    heard = said
    // Two silences and not one: this process may itself have been asleep.
    if (silences >= 2) stream.destroy()
    else if (status === 'ready') connection.ping().catch(() => undefined)
  }, silentMsMax / 2).unref()
}

/** Connects anew by the address, which may lead to another server by now. */
export function reconnect(connection: Redis): void {
  // Every error reply of a pipeline may ask for it, and once is enough.
  if (connection.status === 'ready' && !connection.stream.writableEnded) connection.disconnect(true)
}

/**
 * Sees to it that both connections lead to the same server, for nothing that is published on one server is heard on
 * another: after a switchover behind one address the subscriber would stay with the former primary for ever.
 * @param channel the subscriber listens to it, and nobody else
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
      ([, listening]) => {
        missed = listening === 0 ? missed + 1 : 0
        // Once may be a subscription that is still on its way.
        if (missed >= 2) reconnect(subscriber)
      },
      () => undefined,
    )
  }, everyMs).unref()
}
