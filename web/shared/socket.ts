/** The one WebSocket of a page: it is opened again until it is there, and given up only where none gets through. */
import { createClient, type Client } from 'graphql-ws'
import { patience } from './patience.ts'

/** Sockets in a row that were never opened, before the page goes on without. */
const FAILED_MAX = 2
/** A network that has gone away says nothing: it is asked, and has to answer. Together under half a minute. */
const PING_MS = 18_000
const PONG_MS = 6_000

export interface Socket {
  client: Client
  /** Do WebSockets not get through from here? Never true where one did: then it is the server that is away. */
  isBlocked: () => boolean
}

/** @param onOpen is told when the socket is open, and when it no longer is */
export function openSocket(onOpen: (open: boolean) => void): Socket {
  let failed = 0
  let wasOpen = false
  let overdue: ReturnType<typeof setTimeout> | undefined
  const isBlocked = (): boolean => !wasOpen && failed >= FAILED_MAX

  const client = createClient({
    url: new URL('/graphql', location.href).href.replace('http', 'ws'),
    retryAttempts: Infinity,
    shouldRetry: () => !isBlocked(),
    retryWait: patience,
    keepAlive: PING_MS,
    on: {
      connected: () => {
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
        failed += 1
        onOpen(false)
      },
    },
  })
  return { client, isBlocked }
}
