import { useEffect } from 'preact/hooks'
import { formatDuration, formatDate } from '../shared/i18n.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { useServerTime } from '../shared/use-server-time.ts'
import { LoadingState, useQuery } from './use-query.tsx'
import { Dates } from './documents.ts'
import { Heading } from './heading.tsx'
import { notify } from './notify.ts'
import { SeatMap } from './seat-map.tsx'
import { seats } from './seats.ts'
import { credentials, dateKey, isHeld, request, reservationsOf } from './session.ts'
import { getMessages } from './messages.ts'

/** Everything between admission and the end of the turn. */
export function Booking({ concertId, title, until }: { concertId: string; title: string; until: string }) {
  // Before anything else: it is also what claims the admission.
  const answer = useQuery(() => request(Dates, { concertId }, credentials(concertId)))
  const dates = answer.data?.performances
  const selected = persistentSignal(dateKey(concertId)).value
  const messages = getMessages()
  useEffect(() => notify(messages.yourTurn, title), [])
  useEffect(() => {
    if (dates?.length === 1) persist(dateKey(concertId), dates[0]?.id ?? null)
  }, [dates])
  /** Live for the date whose seats are shown. */
  const freeOf = (id: string, before: number): number =>
    id === selected && seats.value.size > 0
      ? [...seats.value.values()].filter(({ status }) => status === 'AVAILABLE').length
      : before

  return (
    <section class="booking">
      <Turn concertId={concertId} until={until} />
      <h2>{messages.chooseDate}</h2>
      {dates === undefined && <LoadingState {...answer} />}
      <ul class="dates">
        {dates?.map(({ id, startsAt, availableSeatCount }) => (
          <li key={id}>
            <button
              type="button"
              class="card"
              aria-pressed={selected === id}
              onClick={() => persist(dateKey(concertId), id)}
            >
              <strong>{formatDate(startsAt)}</strong>
              <span>{messages.free(freeOf(id, availableSeatCount))}</span>
            </button>
          </li>
        ))}
      </ul>
      {selected !== null && <SeatMap key={selected} concertId={concertId} performanceId={selected} />}
    </section>
  )
}

/** How long the turn lasts; while seats are held, theirs is the time that counts. */
function Turn({ concertId, until }: { concertId: string; until: string }) {
  const left = Date.parse(until) - useServerTime()
  const messages = getMessages()
  const holds = reservationsOf(concertId).some(isHeld)
  return (
    <div class="turn" role="status">
      <Heading>{messages.yourTurn}</Heading>
      <p>{holds ? messages.turnHeld : messages.turnUntil}</p>
      {!holds && (
        <time role="timer" aria-live="off" data-testid="turn-left">
          {formatDuration(left)}
        </time>
      )}
    </div>
  )
}
