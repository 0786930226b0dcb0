/** One concert, from joining the queue to the bought ticket. The status of the queue ticket decides what is shown. */
import { useEffect } from 'preact/hooks'
import { ConcertDocument } from '../../client/documents.ts'
import { client } from '../shared/client.ts'
import { formatDate, formatNumber } from '../shared/i18n.ts'
import { Action } from './action.tsx'
import { Heading } from './heading.tsx'
import { Booking } from './booking.tsx'
import { accessToken, queueTokenFor, setQueueToken, signInEnded } from './identity.ts'
import { Purchases } from './purchases.tsx'
import { getMessages } from './messages.ts'
import { join, status, subscribeToTicket, type Status } from './queue.ts'
import { invalidate } from './reservations.ts'
import { SignInEnded } from './sign-in-ended.tsx'
import { LoadingState, useQuery } from './use-query.tsx'
import { WaitingRoom } from './waiting-room.tsx'

export function ConcertPage({ concertId }: { concertId: string }) {
  const answer = useQuery(() => client.request(ConcertDocument, { concertId }))
  const visitor = accessToken.value
  useEffect(() => void invalidate(), [concertId, visitor])
  useEffect(() => subscribeToTicket(concertId), [concertId])

  const messages = getMessages()
  const { data } = answer
  const title = data?.concert?.title ?? messages.title
  const token = queueTokenFor(concertId).value
  const now = token === null ? null : status.value
  const tab = tabTitle(now, title)
  useEffect(() => void (document.title = tab), [tab])

  const again = (): ReturnType<typeof join> => {
    setQueueToken(concertId, null)
    return join(concertId)
  }
  const isWaiting = now?.__typename === 'Waiting'
  const isUnknown = data?.concert === null || answer.code === 'BAD_INPUT'
  const isSignedIn = !signInEnded.value

  return (
    <>
      <p>
        <a class="back" href="#/">
          ← {messages.back}
        </a>
      </p>
      {data?.concert && <h1>{title}</h1>}
      {isUnknown && (
        <section class="card" role="alert">
          <h1>{messages.noConcert}</h1>
          <p>{messages.badLink}</p>
        </section>
      )}
      {data === undefined && !isUnknown && <LoadingState {...answer} />}
      {!isSignedIn && !isUnknown && <SignInEnded concertId={concertId} />}
      {!isWaiting && <Purchases concertId={concertId} />}
      {token === null && data?.concert && isSignedIn && (
        <section class="card">
          <ul class="performances">
            {data.concert.performances.map(({ id, startsAt, seatPrice, availableSeatCount }) => (
              <li key={id}>
                <strong>{formatDate(startsAt)}</strong>
                <span>
                  {messages.points(seatPrice)} · {messages.available(availableSeatCount)}
                </span>
              </li>
            ))}
          </ul>
          <p>{messages.joinText}</p>
          <Action run={again}>{messages.join}</Action>
        </section>
      )}
      {token !== null && now === null && <LoadingState />}
      {token !== null && isWaiting && <WaitingRoom concertId={concertId} token={token} status={now} />}
      {isWaiting && <Purchases concertId={concertId} />}
      {now?.__typename === 'Admitted' && (
        <Booking key={visitor} concertId={concertId} title={title} until={now.until} />
      )}
      {now?.__typename === 'Lapsed' && (
        <section class="card" role="status">
          <Heading>{messages.lapsed[now.reason]}</Heading>
          {isSignedIn && <Action run={again}>{messages.joinAgain}</Action>}
        </section>
      )}
      {now?.__typename === 'Finished' && (
        <section class="card">
          <p role="status">{messages.finished}</p>
          {isSignedIn && (
            <Action kind="quiet" run={again}>
              {messages.joinAgain}
            </Action>
          )}
        </section>
      )}
    </>
  )
}

/** The title of the tab, for a visitor who looks at another one. */
function tabTitle(status: Status | null, title: string): string {
  if (status?.__typename === 'Waiting') return `${formatNumber(status.position)} · ${title}`
  if (status?.__typename === 'Admitted') return `● ${getMessages().yourTurn} · ${title}`
  return title
}
