/** Subscribes to queue tickets as a browser does: to another server when the connection is lost, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../../client/client.ts'
import { nodeWebSocket } from '../../client/node.ts'
import type { User } from './client.ts'
import { readToken, type Log, type Status } from './log.ts'
import { ticketSubscription } from './operations.ts'
import type { Random, FaultCluster } from './cluster/types.ts'

export interface Subscription {
  /** The last status received. */
  readonly status: Status | undefined
  token: string
  user: User
  /** Resolves when the status fits, when the subscription has ended, or after `ms`. */
  until(fits: (status: Status) => boolean, ms: number): Promise<Status | undefined>
  stop(): Promise<void>
}

export interface Subscriptions {
  subscribe(user: User, token: string, random: Random): Subscription
  /** Those that were not stopped. */
  open: Set<Subscription>
}

interface Data {
  queueTicketChanges: { status: Status }
}

/** Finds a half-open connection soon. */
const HEARTBEAT = { pingMs: 2_000, pongMs: 4_000 }
const webSocketImpl = nodeWebSocket()

export function createSubscriptions(cluster: FaultCluster, log: Log): Subscriptions {
  const open = new Set<Subscription>()
  let last = 0

  /** Uses one connection until it is lost. @returns whether the server completed the subscription */
  async function connect(
    { user, token }: { user: User; token: string },
    server: number,
    signal: AbortSignal,
    onStatus: (status: Status) => void,
  ): Promise<boolean> {
    const stream = (last += 1)
    log.write({ kind: 'subscribed', stream, user: user.uuid, server, ticket: readToken(token) })
    const client = createClient({
      url: cluster.servers[server]?.url ?? '',
      credentials: { accessToken: user.accessToken, queueToken: token },
      retry: false,
      transport: 'websocket',
      heartbeat: HEARTBEAT,
      webSocketImpl,
    })
    let onAbort = (): void => undefined
    const why = await new Promise<string>((resolve) => {
      const stop = client.subscribe<Data>(
        ticketSubscription,
        {},
        {
          onNext: ({ queueTicketChanges: { status } }) => {
            log.write({ kind: 'seen', stream, status })
            onStatus(status)
          },
          onError: ({ code }) => resolve(code),
          onComplete: () => resolve('complete'),
        },
      )
      onAbort = () => {
        stop()
        resolve('stopped')
      }
      signal.addEventListener('abort', onAbort)
    })
    signal.removeEventListener('abort', onAbort)
    log.write({ kind: 'closed', stream, why })
    void client.close().catch(() => undefined)
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
        until: (fits, ms) =>
          new Promise((resolve) => {
            const done = (): void => {
              clearTimeout(timer)
              waiting.delete(check)
              resolve(status)
            }
            const check = (): void => {
              if (over || (status && fits(status))) done()
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
      const onStatus = (received: Status): void => {
        status = received
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
