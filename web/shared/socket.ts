/** The one WebSocket of a page: it is opened again until it is there, and given up only where none gets through. */
import { createClient, type Client } from 'graphql-ws'
import { backoff } from './backoff.ts'

/** Sockets in a row that were never opened, before the page goes on without. */
const FAILED_MAX = 2
/**
 * How long it takes at the most until a socket is open and acknowledged. Some networks accept the handshake and never answer
 * it: then events are tried, and have to come within ten seconds.
 */
const CONNECT_MS_MAX = 5_000
/** Where a socket was open before, the server may only have been slow once: so many in a row. */
const UNANSWERED_MAX = 2
/** A network that has gone away says nothing: it is asked, and has to answer. Together under half a minute. */
const PING_MS = 18_000
const PONG_MS = 6_000

export interface Socket {
  client: Client
  /**
   * Do WebSockets not get through from here? Where one did, one that is refused is the server that is away; one that is not
   * answered may be another network than before.
   */
  isBlocked: () => boolean
}

/** @param onOpen is told when the socket is open, and when it no longer is */
export function openSocket(onOpen: (open: boolean) => void): Socket {
  let failed = 0
  let unanswered = 0
  let wasOpen = false
  let overdue: ReturnType<typeof setTimeout> | undefined
  let late: ReturnType<typeof setTimeout> | undefined
  const isBlocked = (): boolean =>
    wasOpen ? unanswered >= UNANSWERED_MAX : failed >= FAILED_MAX || unanswered > 0

  const client = createClient({
    url: new URL('/graphql', location.href).href.replace('http', 'ws'),
    retryAttempts: Infinity,
    shouldRetry: () => !isBlocked(),
    retryWait: backoff,
    keepAlive: PING_MS,
    on: {
      connecting: () => {
        clearTimeout(late)
        late = setTimeout(() => {
          unanswered += 1
          client.terminate()
        }, CONNECT_MS_MAX)
      },
      connected: () => {
        clearTimeout(late)
        unanswered = 0
        wasOpen = true
        onOpen(true)
      },
      ping: (received) => {
        if (!received) overdue = setTimeout(() => client.terminate(), PONG_MS)
      },
      pong: (received) => {
        if (received) clearTimeout(overdue)
      },
      closed: () => {
        clearTimeout(overdue)
        clearTimeout(late)
        failed += 1
        onOpen(false)
      },
    },
  })
  return { client, isBlocked }
}
