/** One concert, from the street to the seat: which room it is depends on the ticket, and the ticket on the server. */
import { useEffect } from 'preact/hooks'
import { ask } from '../shared/http.ts'
import { numberOf } from '../shared/i18n.ts'
import { Action } from './action.tsx'
import { Pending, useAnswer } from './answer.tsx'
import { Concert } from './documents.ts'
import { Heading } from './heading.tsx'
import { Inside } from './inside.tsx'
import { Purchases } from './purchases.tsx'
import { SignInEnded } from './sign-in-ended.tsx'
import {
  accessToken,
  changed,
  followTicket,
  forget,
  join,
  signInEnded,
  status,
  ticketOf,
  type Status,
} from './session.ts'
import { text } from './text.ts'
import { WaitingRoom } from './waiting-room.tsx'

export function ConcertRoom({ concertId }: { concertId: string }) {
  const answer = useAnswer(() => ask(Concert, { concertId }))
  const visitor = accessToken().value
  useEffect(() => void changed(), [concertId, visitor])
  useEffect(() => followTicket(concertId), [concertId])

  const words = text()
  const { data } = answer
  const title = data?.concert?.title ?? words.title
  const token = ticketOf(concertId).value
  const now = token === null ? null : status.value
  const tab = tabTitle(now, title)
  useEffect(() => void (document.title = tab), [tab])

  const again = (): ReturnType<typeof join> => {
    forget(concertId)
    return join(concertId)
  }
  const isWaiting = now?.__typename === 'Waiting'
  const isUnknown = data?.concert === null || answer.code === 'BAD_INPUT'
  const isSignedIn = !signInEnded.value

  return (
    <>
      <p>
        <a class="back" href="#/">
          ← {words.back}
        </a>
      </p>
      {data?.concert && <h1>{title}</h1>}
      {isUnknown && (
        <section class="card" role="alert">
          <h1>{words.noConcert}</h1>
          <p>{words.badLink}</p>
        </section>
      )}
      {data === undefined && !isUnknown && <Pending {...answer} />}
      {!isSignedIn && !isUnknown && <SignInEnded concertId={concertId} />}
      {!isWaiting && <Purchases concertId={concertId} />}
      {token === null && data?.concert && isSignedIn && (
        <section class="card">
          <p>{words.joinText}</p>
          <Action run={again}>{words.join}</Action>
        </section>
      )}
      {token !== null && now === null && <Pending />}
      {token !== null && isWaiting && <WaitingRoom concertId={concertId} token={token} status={now} />}
      {isWaiting && <Purchases concertId={concertId} />}
      {now?.__typename === 'Admitted' && (
        <Inside key={visitor} concertId={concertId} title={title} until={now.until} />
      )}
      {now?.__typename === 'Lapsed' && (
        <section class="card" role="status">
          <Heading>{words.lapsed[now.reason]}</Heading>
          {isSignedIn && <Action run={again}>{words.joinAgain}</Action>}
        </section>
      )}
      {now?.__typename === 'Finished' && (
        <section class="card">
          <p role="status">{words.finished}</p>
          {isSignedIn && (
            <Action kind="quiet" run={again}>
              {words.joinAgain}
            </Action>
          )}
        </section>
      )}
    </>
  )
}

/** What stands in the tab, for somebody who is in another one. */
function tabTitle(status: Status | null, title: string): string {
  if (status?.__typename === 'Waiting') return `${numberOf(status.position)} · ${title}`
  if (status?.__typename === 'Admitted') return `● ${text().yourTurn} · ${title}`
  return title
}
