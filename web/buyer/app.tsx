/** The buyer's page: all concerts, or the one that the address names. */
import { signal, useSignalEffect } from '@preact/signals'
import { connected } from '../shared/client.ts'
import { Layout } from '../shared/layout.tsx'
import { local } from '../shared/storage.ts'
import { Announcer } from './announcer.tsx'
import { ConcertList } from './concert-list.tsx'
import { ConcertPage } from './concert-page.tsx'
import { parseRoute } from './route.ts'
import { getMessages } from './messages.ts'

// The server sends this page for unknown paths too: old or incomplete links, perhaps to a concert.
if (location.pathname !== '/') history.replaceState(null, '', `/#${location.pathname}`)

const route = signal(parseRoute(location.hash))
window.addEventListener('hashchange', () => (route.value = parseRoute(location.hash)))

export function App() {
  const messages = getMessages()
  const { value } = route
  useSignalEffect(() => {
    if (route.value.kind !== 'concert') document.title = getMessages().title
  })
  return (
    <Layout home="#/" connected={connected.value} messages={messages}>
      {!local.isPersistent && (
        <p class="notice warn" role="status">
          {messages.noStorage}
        </p>
      )}
      {value.kind === 'unknown' && (
        <p class="notice warn" role="alert">
          {messages.unknownLink}
        </p>
      )}
      {value.kind === 'concert' ? (
        <ConcertPage key={value.concertId} concertId={value.concertId} />
      ) : (
        <ConcertList />
      )}
      <Announcer />
    </Layout>
  )
}
