/** A page that the browser has frozen: its socket stays open and answers WebSocket pings, and none of its code runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { User } from './client.ts'
import { readToken, type Log } from './log.ts'
import { subscribeRaw } from './raw-subscription.ts'
import type { FaultCluster } from './cluster/types.ts'

/** Subscribes, then sends nothing, for `ms` or until the signal. */
export async function freeze(
  { cluster, log, signal }: { cluster: FaultCluster; log: Log; signal: AbortSignal },
  user: User,
  token: string,
  server: number,
  ms: number,
): Promise<void> {
  const frozen = new AbortController()
  const ticket = readToken(token)
  const credentials = { accessToken: user.accessToken, queueToken: token }
  const socket = subscribeRaw(cluster.servers[server]?.url ?? '', credentials, ({ type }) => {
    if (type !== 'connection_ack') return
    frozen.abort()
    log.write({ kind: 'frozen', user: user.uuid, ticket, phase: 'start' })
  })
  await sleep(ms, undefined, { signal }).catch(() => undefined)
  if (frozen.signal.aborted) log.write({ kind: 'frozen', user: user.uuid, ticket, phase: 'end' })
  socket.terminate()
}
