/** A page that a browser has frozen: its connection stays and answers WebSocket pings, and none of its code runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { User } from './client.ts'
import { readToken, type Log } from './log.ts'
import { statusSubscription } from './operations.ts'
import type { FaultCluster } from './cluster/types.ts'

/** Watches a ticket, and sends nothing any more once the server has answered, for `ms` or until the signal. */
export async function freeze(
  { cluster, log, signal }: { cluster: FaultCluster; log: Log; signal: AbortSignal },
  user: User,
  token: string,
  server: number,
  ms: number,
): Promise<void> {
  const url = (cluster.servers[server]?.url ?? '').replace('http', 'ws')
  const socket = new WebSocket(url, 'graphql-transport-ws')
  socket.on('error', () => undefined)
  socket.on('open', () => {
    const payload = { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token }
    socket.send(JSON.stringify({ type: 'connection_init', payload }))
  })
  const frozen = new AbortController()
  socket.once('message', () => {
    frozen.abort()
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: statusSubscription } }))
    log.write({ kind: 'frozen', user: user.uuid, ticket: readToken(token), phase: 'start' })
  })
  await sleep(ms, undefined, { signal }).catch(() => undefined)
  if (frozen.signal.aborted)
    log.write({ kind: 'frozen', user: user.uuid, ticket: readToken(token), phase: 'end' })
  socket.terminate()
}
