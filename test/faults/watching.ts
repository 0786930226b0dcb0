/** Watches a ticket over WebSocket as a browser does: another server when the connection is gone, until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Person } from './calls.ts'
import { readToken, type Log, type Status } from './log.ts'
import { watching } from './operations.ts'
import type { Random, World } from './world/types.ts'

export interface Watch {
  /** What was said last. */
  readonly status: Status | undefined
  token: string
  person: Person
  /** Resolves when the status is wanted, when the stream is over, or when the time is. */
  until(wanted: (status: Status) => boolean, ms: number): Promise<Status | undefined>
  stop(): Promise<void>
}

export interface Watching {
  watch(person: Person, token: string, random: Random): Watch
  /** Those that have not been stopped. */
  open: Set<Watch>
}

export function createWatching(world: World, log: Log): Watching {
  const open = new Set<Watch>()
  let last = 0

  /** One connection, until it is gone. @returns whether the stream was completed by the server */
  async function connect(
    watch: { person: Person; token: string },
    server: number,
    signal: AbortSignal,
    onStatus: (status: Status) => void,
  ): Promise<boolean> {
    const stream = (last += 1)
    const { person, token } = watch
    log.write({ kind: 'watch', stream, user: person.uuid, server, ticket: readToken(token) })
    const client = createClient({
      url: (world.servers[server]?.url ?? '').replace('http', 'ws'),
      webSocketImpl: QuietSocket,
      retryAttempts: 0,
      connectionAckWaitTimeout: 5_000,
      connectionParams: { authorization: `Bearer ${person.accessToken}`, 'x-queue-token': token },
      ...giveUpOnSilence(),
    })
    let leave = (): void => undefined
    const why = await new Promise<string>((resolve) => {
      leave = () => resolve('left')
      signal.addEventListener('abort', leave)
      client.subscribe<{ queueStatus: Status }>(
        { query: watching },
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
    signal.removeEventListener('abort', leave)
    log.write({ kind: 'closed', stream, why })
    client.terminate()
    return why === 'complete'
  }

  return {
    open,
    watch: (person, token, random) => {
      const stopped = new AbortController()
      const { signal } = stopped
      const waiting = new Set<() => void>()
      let status: Status | undefined
      let over = false
      const wake = (): void => waiting.forEach((look) => look())

      const watch: Watch = {
        get status() {
          return status
        },
        token,
        person,
        until: (wanted, ms) =>
          new Promise((resolve) => {
            const done = (): void => {
              clearTimeout(timer)
              waiting.delete(look)
              resolve(status)
            }
            const look = (): void => {
              if (over || (status && wanted(status))) done()
            }
            const timer = setTimeout(done, ms)
            waiting.add(look)
            look()
          }),
        stop: async () => {
          open.delete(watch)
          stopped.abort()
          await running
        },
      }
      open.add(watch)
      const onStatus = (seen: Status): void => {
        status = seen
        wake()
      }
      const run = async (): Promise<void> => {
        while (!signal.aborted) {
          const server = random.int(0, world.servers.length - 1)
          if (await connect(watch, server, signal, onStatus)) break
          await sleep(random.int(50, 600), undefined, { signal }).catch(() => undefined)
        }
        over = true
        wake()
      }
      const running = run()
      return watch
    },
  }
}

/** graphql-ws stops listening when it closes a socket; ws still reports what goes wrong with it after that. */
class QuietSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols)
    this.on('error', () => undefined)
  }
}

/** A half-open connection says nothing for ever; a client that cares sends pings. */
function giveUpOnSilence() {
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
