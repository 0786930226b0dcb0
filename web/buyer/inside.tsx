import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ResultOf } from '../shared/graphql.ts'
import { ask } from '../shared/http.ts'
import { clockOf, dateOf } from '../shared/i18n.ts'
import { keep, keptAt } from '../shared/kept.ts'
import { useServerTime } from '../shared/ticker.ts'
import { Dates } from './documents.ts'
import { notify } from './notify.ts'
import { SeatMap } from './seat-map.tsx'
import { credentials } from './session.ts'
import { text } from './text.ts'

type Performance = ResultOf<typeof Dates>['performances'][number]

/** Everything between admission and the end of the turn. */
export function Inside({ concertId, title, until }: { concertId: string; title: string; until: string }) {
  const dates = useSignal<readonly Performance[]>([])
  const selected = keptAt(`date:${concertId}`)
  const words = text()
  const left = Date.parse(until) - useServerTime()

  useEffect(() => {
    document.title = `● ${words.yourTurn} · ${title}`
    notify(words.yourTurn, title)
    void ask(Dates, { concertId }, credentials(concertId))
      .then(({ performances }) => {
        dates.value = performances
        if (performances.length === 1) keep(`date:${concertId}`, performances[0]?.id ?? null)
      })
      .catch(() => undefined)
  }, [concertId, title])

  return (
    <section class="inside">
      <p class="turn" role="status">
        <strong>{words.yourTurn}</strong> {words.turnUntil}
        <time role="timer" aria-live="off" data-testid="turn-left">
          {clockOf(left)}
        </time>
      </p>
      <h2>{words.chooseDate}</h2>
      <ul class="dates">
        {dates.value.map(({ id, startsAt, availableSeatCount }) => (
          <li key={id}>
            <button
              type="button"
              class="card"
              aria-pressed={selected.value === id}
              onClick={() => keep(`date:${concertId}`, id)}
            >
              <strong>{dateOf(startsAt)}</strong>
              <span>{words.free(availableSeatCount)}</span>
            </button>
          </li>
        ))}
      </ul>
      {selected.value !== null && (
        <SeatMap key={selected.value} concertId={concertId} performanceId={selected.value} />
      )}
    </section>
  )
}
