/** One concert, from the street to the seat: which room it is depends on the ticket, and the ticket on the server. */
import { useEffect } from 'preact/hooks'
import { Action } from './action.tsx'
import { concerts, loadConcerts } from './concerts.ts'
import { Inside } from './inside.tsx'
import { Purchases } from './purchases.tsx'
import { changed, followTicket, forget, join, status, ticketOf } from './session.ts'
import { text } from './text.ts'
import { useSignal } from '@preact/signals'
import { WaitingRoom } from './waiting-room.tsx'

export function ConcertRoom({ concertId }: { concertId: string }) {
  const closed = useSignal(false)
  useEffect(() => {
    if (concerts.value === null) void loadConcerts().catch(() => undefined)
    void changed()
    return followTicket(concertId)
  }, [concertId])

  const words = text()
  const title = concerts.value?.find(({ id }) => id === concertId)?.title ?? ''
  const token = ticketOf(concertId).value
  const now = status.value
  const again = async (): Promise<void> => {
    forget(concertId)
    closed.value = !(await join(concertId))
  }

  return (
    <>
      <p>
        <a href="#/">← {words.back}</a>
      </p>
      <h1>{title}</h1>
      {closed.value && <p class="notice warn">{words.closed}</p>}
      {now?.__typename !== 'Waiting' && <Purchases concertId={concertId} />}
      {token === null && (
        <section class="card">
          <p>{words.joinText}</p>
          <Action run={again}>{words.join}</Action>
        </section>
      )}
      {token !== null && now?.__typename === 'Waiting' && (
        <WaitingRoom concertId={concertId} title={title} token={token} status={now} />
      )}
      {now?.__typename === 'Waiting' && <Purchases concertId={concertId} />}
      {token !== null && now?.__typename === 'Admitted' && (
        <Inside concertId={concertId} title={title} until={now.until} />
      )}
      {now?.__typename === 'Lapsed' && (
        <section class="card">
          <p role="status">{words.lapsed[now.reason]}</p>
          <Action run={again}>{words.joinAgain}</Action>
        </section>
      )}
      {now?.__typename === 'Finished' && (
        <section class="card">
          <p role="status">{words.finished}</p>
          <Action kind="quiet" run={again}>
            {words.joinAgain}
          </Action>
        </section>
      )}
    </>
  )
}
