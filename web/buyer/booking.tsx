import { useEffect } from 'preact/hooks'
import { PerformancesDocument } from '../../client/documents.ts'
import { formatDuration, formatDate } from '../shared/i18n.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { useServerTime } from '../shared/use-server-time.ts'
import { Heading } from './heading.tsx'
import { notify } from './notify.ts'
import { SeatMap } from './seat-map.tsx'
import { seats } from './seats.ts'
import { credentials, request } from './identity.ts'
import { LeaveButton } from './leave-button.tsx'
import { getMessages } from './messages.ts'
import { dateKey } from './queue.ts'
import { isHeld, reservationsOf } from './reservations.ts'
import { LoadingState, useQuery } from './use-query.tsx'

/** Everything between admission and the end of the turn. */
export function Booking({ concertId, title, until }: { concertId: string; title: string; until: string }) {
  // The first request of an admitted visitor, which claims the admission.
  const answer = useQuery(() =>
    request(PerformancesDocument, { concertId, bookableOnly: false }, credentials(concertId)),
  )
  const dates = answer.data?.performances
  const selected = persistentSignal(dateKey(concertId)).value
  const messages = getMessages()
  useEffect(() => notify(messages.yourTurn, title), [])
  useEffect(() => {
    if (dates?.length === 1) persist(dateKey(concertId), dates[0]?.id ?? null)
  }, [dates])
  /** Live for the date whose seats are shown. */
  const availableOf = (id: string, loaded: number): number =>
    id === selected && seats.value.size > 0
      ? [...seats.value.values()].filter(({ status }) => status === 'AVAILABLE').length
      : loaded

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
              <span>{messages.available(availableOf(id, availableSeatCount))}</span>
            </button>
          </li>
        ))}
      </ul>
      {selected !== null && <SeatMap key={selected} concertId={concertId} performanceId={selected} />}
      <LeaveButton concertId={concertId} label={messages.leaveTurn} question={messages.leaveTurnSure} />
    </section>
  )
}

/** The time that is left of the turn. While seats are held, only their time counts. */
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
