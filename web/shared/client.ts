/** The page's GraphQL client, and whether its subscriptions are connected. */
import { signal } from '@preact/signals'
import { createClient } from '../../client/client.ts'
import { syncServerClock } from './clock.ts'

export const connected = signal(true)

/** Waits, and no longer when the network is back. */
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    window.addEventListener('online', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      window.removeEventListener('online', done)
      resolve()
    }
  })

export const client = createClient({
  url: new URL('/graphql', location.href).href,
  sleep,
  onConnection: (now) => (connected.value = now),
  onResponse: ({ headers, sentAt }) => syncServerClock(headers.get('date'), sentAt),
})
