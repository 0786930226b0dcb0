/** The buyer's page: the concerts, or one of them. Which one stands in the address, so that a link leads there. */
import { signal, useSignalEffect } from '@preact/signals'
import { Layout } from '../shared/layout.tsx'
import { local } from '../shared/storage.ts'
import { Announcer } from './announcer.tsx'
import { ConcertList } from './concert-list.tsx'
import { ConcertPage } from './concert-page.tsx'
import { parseRoute } from './route.ts'
import { connected } from './session.ts'
import { getMessages } from './messages.ts'

// The server sends this page also for addresses that it does not know: they are links that lead nowhere, or to a concert.
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
          {messages.notKept}
        </p>
      )}
      {value.kind === 'nowhere' && (
        <p class="notice warn" role="alert">
          {messages.nowhere}
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
