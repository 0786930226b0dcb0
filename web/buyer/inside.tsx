import { useEffect } from 'preact/hooks'
import { clockOf, dateOf } from '../shared/i18n.ts'
import { keep, keptAt } from '../shared/kept.ts'
import { useServerTime } from '../shared/ticker.ts'
import { Pending, useAnswer } from './answer.tsx'
import { Dates } from './documents.ts'
import { Heading } from './heading.tsx'
import { notify } from './notify.ts'
import { SeatMap } from './seat-map.tsx'
import { seats } from './seats.ts'
import { credentials, dateKey, isHeld, request, reservationsOf } from './session.ts'
import { text } from './text.ts'

/** Everything between admission and the end of the turn. */
export function Inside({ concertId, title, until }: { concertId: string; title: string; until: string }) {
  // Before anything else: it is also what claims the admission.
  const answer = useAnswer(() => request(Dates, { concertId }, credentials(concertId)))
  const dates = answer.data?.performances
  const selected = keptAt(dateKey(concertId)).value
  const words = text()
  useEffect(() => notify(words.yourTurn, title), [])
  useEffect(() => {
    if (dates?.length === 1) keep(dateKey(concertId), dates[0]?.id ?? null)
  }, [dates])
  /** Live for the date whose seats are shown. */
  const freeOf = (id: string, before: number): number =>
    id === selected && seats.value.size > 0
      ? [...seats.value.values()].filter(({ status }) => status === 'AVAILABLE').length
      : before

  return (
    <section class="inside">
      <Turn concertId={concertId} until={until} />
      <h2>{words.chooseDate}</h2>
      {dates === undefined && <Pending {...answer} />}
      <ul class="dates">
        {dates?.map(({ id, startsAt, availableSeatCount }) => (
          <li key={id}>
            <button
              type="button"
              class="card"
              aria-pressed={selected === id}
              onClick={() => keep(dateKey(concertId), id)}
            >
              <strong>{dateOf(startsAt)}</strong>
              <span>{words.free(freeOf(id, availableSeatCount))}</span>
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
  const words = text()
  const holds = reservationsOf(concertId).some(isHeld)
  return (
    <div class="turn" role="status">
      <Heading>{words.yourTurn}</Heading>
      <p>{holds ? words.turnHeld : words.turnUntil}</p>
      {!holds && (
        <time role="timer" aria-live="off" data-testid="turn-left">
          {clockOf(left)}
        </time>
      )}
    </div>
  )
}
