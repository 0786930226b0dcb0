/** The buyer's page: the concerts, or one of them. Which one stands in the address, so that a link leads there. */
import { signal, useSignalEffect } from '@preact/signals'
import { Frame } from '../shared/frame.tsx'
import { Announcer } from './announcer.tsx'
import { ConcertList } from './concert-list.tsx'
import { ConcertRoom } from './concert-room.tsx'
import { connected } from './session.ts'
import { text } from './text.ts'

const concertIn = (hash: string): string | null => /^#\/concert\/(.+)$/.exec(hash)?.[1] ?? null

const concertId = signal(concertIn(location.hash))
window.addEventListener('hashchange', () => (concertId.value = concertIn(location.hash)))

export function App() {
  useSignalEffect(() => {
    if (concertId.value === null) document.title = text().title
  })
  return (
    <Frame home="#/" connected={connected.value} words={text()}>
      {concertId.value === null ? (
        <ConcertList />
      ) : (
        <ConcertRoom key={concertId.value} concertId={concertId.value} />
      )}
      <Announcer />
    </Frame>
  )
}
