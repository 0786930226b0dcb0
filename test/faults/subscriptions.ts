/** Watches a ticket over WebSocket as a browser does: another server when the connection is gone, until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { User } from './client.ts'
import { readToken, type Log, type Status } from './log.ts'
import { statusSubscription } from './operations.ts'
import type { Random, FaultCluster } from './cluster/types.ts'

export interface Subscription {
  /** What was said last. */
  readonly status: Status | undefined
  token: string
  user: User
  /** Resolves when the status is wanted, when the stream is over, or when the time is. */
  until(wanted: (status: Status) => boolean, ms: number): Promise<Status | undefined>
  stop(): Promise<void>
}

export interface Subscriptions {
  subscribe(user: User, token: string, random: Random): Subscription
  /** Those that have not been stopped. */
  open: Set<Subscription>
}

export function createSubscriptions(cluster: FaultCluster, log: Log): Subscriptions {
  const open = new Set<Subscription>()
  let last = 0

  /** One connection, until it is gone. @returns whether the stream was completed by the server */
  async function connect(
    subscription: { user: User; token: string },
    server: number,
    signal: AbortSignal,
    onStatus: (status: Status) => void,
  ): Promise<boolean> {
    const stream = (last += 1)
    const { user, token } = subscription
    log.write({ kind: 'watch', stream, user: user.uuid, server, ticket: readToken(token) })
    const client = createClient({
      url: (cluster.servers[server]?.url ?? '').replace('http', 'ws'),
      webSocketImpl: ErrorTolerantSocket,
      retryAttempts: 0,
      connectionAckWaitTimeout: 5_000,
      connectionParams: { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token },
      ...heartbeatOptions(),
    })
    let onAbort = (): void => undefined
    const why = await new Promise<string>((resolve) => {
      onAbort = () => resolve('left')
      signal.addEventListener('abort', onAbort)
      client.subscribe<{ queueStatus: Status }>(
        { query: statusSubscription },
        {
          next: ({ data, errors }) => {
            const status = data?.queueStatus
            if (!status) {
              resolve(`error ${errors?.[0]?.message ?? ''}`)
              return
            }
            log.write({ kind: 'seen', stream, status })
            onStatus(status)
          },
          error: () => resolve('lost'),
          complete: () => resolve('complete'),
        },
      )
    })
    signal.removeEventListener('abort', onAbort)
    log.write({ kind: 'closed', stream, why })
    client.terminate()
    return why === 'complete'
  }

  return {
    open,
    subscribe: (user, token, random) => {
      const stopped = new AbortController()
      const { signal } = stopped
      const waiting = new Set<() => void>()
      let status: Status | undefined
      let over = false
      const notify = (): void => waiting.forEach((check) => check())

      const subscription: Subscription = {
        get status() {
          return status
        },
        token,
        user,
        until: (wanted, ms) =>
          new Promise((resolve) => {
            const done = (): void => {
              clearTimeout(timer)
              waiting.delete(check)
              resolve(status)
            }
            const check = (): void => {
              if (over || (status && wanted(status))) done()
            }
            const timer = setTimeout(done, ms)
            waiting.add(check)
            check()
          }),
        stop: async () => {
          open.delete(subscription)
          stopped.abort()
          await running
        },
      }
      open.add(subscription)
      const onStatus = (seen: Status): void => {
        status = seen
        notify()
      }
      const run = async (): Promise<void> => {
        while (!signal.aborted) {
          const server = random.int(0, cluster.servers.length - 1)
          if (await connect(subscription, server, signal, onStatus)) break
          await sleep(random.int(50, 600), undefined, { signal }).catch(() => undefined)
        }
        over = true
        notify()
      }
      const running = run()
      return subscription
    },
  }
}

/** graphql-ws stops listening when it closes a socket; ws still reports what goes wrong with it after that. */
class ErrorTolerantSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols)
    this.on('error', () => undefined)
  }
}

/** A half-open connection says nothing for ever; a client that cares sends pings. */
function heartbeatOptions() {
  let socket: WebSocket | undefined
  let timer: NodeJS.Timeout | undefined
  return {
    keepAlive: 2_000,
    on: {
      opened: (opened: unknown) => {
        socket = opened as WebSocket
      },
      ping: (received: boolean) => {
        if (!received) timer = setTimeout(() => socket?.terminate(), 4_000)
      },
      pong: (received: boolean) => {
        if (received) clearTimeout(timer)
      },
      closed: () => clearTimeout(timer),
    },
  }
}
