/** The buyer's page: the concerts, or one of them. Which one stands in the address, so that a link leads there. */
import { signal, useSignalEffect } from '@preact/signals'
import { Frame } from '../shared/frame.tsx'
import { local } from '../shared/storage.ts'
import { Announcer } from './announcer.tsx'
import { ConcertList } from './concert-list.tsx'
import { ConcertRoom } from './concert-room.tsx'
import { placeIn } from './place.ts'
import { connected } from './session.ts'
import { text } from './text.ts'

// The server sends this page also for addresses that it does not know: they are links that lead nowhere, or to a concert.
if (location.pathname !== '/') history.replaceState(null, '', `/#${location.pathname}`)

const place = signal(placeIn(location.hash))
window.addEventListener('hashchange', () => (place.value = placeIn(location.hash)))

export function App() {
  const words = text()
  const { value } = place
  useSignalEffect(() => {
    if (place.value.kind !== 'concert') document.title = text().title
  })
  return (
    <Frame home="#/" connected={connected.value} words={words}>
      {!local.isKept && (
        <p class="notice warn" role="status">
          {words.notKept}
        </p>
      )}
      {value.kind === 'nowhere' && (
        <p class="notice warn" role="alert">
          {words.nowhere}
        </p>
      )}
      {value.kind === 'concert' ? (
        <ConcertRoom key={value.concertId} concertId={value.concertId} />
      ) : (
        <ConcertList />
      )}
      <Announcer />
    </Frame>
  )
}
