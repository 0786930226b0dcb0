import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { numberOf } from '../shared/i18n.ts'
import { Action } from './action.tsx'
import { choose, chosen, followSeats, freeNear, holding, lose, lost, seats, type Seat } from './seats.ts'
import { reservations } from './session.ts'
import { hold } from './shopping.ts'
import { text } from './text.ts'

const COLUMNS = 10
/** Where an arrow key leads. */
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS }

type Look = Seat['status'] | 'CHOSEN' | 'MINE'

/** The seats of a date, live. One of them is in the tab order; arrow keys lead to the others. */
export function SeatMap({ concertId, performanceId }: { concertId: string; performanceId: string }) {
  const focused = useSignal(1)
  const refusal = useSignal<string | null>(null)
  const grid = useRef<HTMLDivElement>(null)
  useEffect(() => followSeats(concertId, performanceId), [concertId, performanceId])

  const words = text()
  const mine = new Set(
    reservations.value
      .filter(({ status, performance }) => performance.id === performanceId && isHad(status))
      .flatMap((reservation) => reservation.seats.map(({ number }) => number)),
  )
  const lookOf = ({ number, status }: Seat): Look =>
    mine.has(number) ? 'MINE' : chosen.value.includes(number) ? 'CHOSEN' : status

  const onKeyDown = (event: KeyboardEvent): void => {
    const next = focused.value + (STEPS[event.key] ?? 0)
    if (next === focused.value || !seats.value.has(next)) return
    event.preventDefault()
    focused.value = next
    grid.current?.querySelector<HTMLElement>(`[data-number="${next}"]`)?.focus()
  }
  const take = async (): Promise<void> => {
    refusal.value = null
    const wanted = [...chosen.value].sort((a, b) => a - b)
    holding.value = true
    try {
      const refused = await hold(concertId, performanceId, wanted)
      if (!refused) chosen.value = []
      else if (refused.__typename === 'SeatTaken') lose(refused.seatNumbers)
      else refusal.value = refused.message
    } finally {
      holding.value = false
    }
  }
  const price = chosen.value.reduce((sum, number) => sum + (seats.value.get(number)?.price ?? 0), 0)

  return (
    <section class="seat-map">
      <h2 id="seats">{words.chooseSeats}</h2>
      <p class="hint">{words.holdHint}</p>
      <p class="stage">{words.stage}</p>
      <div class="seats" role="group" aria-labelledby="seats" ref={grid} onKeyDown={onKeyDown}>
        {[...seats.value.values()].map((seat) => {
          const look = lookOf(seat)
          return (
            <button
              key={seat.number}
              type="button"
              class={`seat ${look.toLowerCase()}`}
              data-number={seat.number}
              tabIndex={seat.number === focused.value ? 0 : -1}
              aria-pressed={look === 'CHOSEN'}
              aria-disabled={look !== 'AVAILABLE' && look !== 'CHOSEN'}
              aria-label={`${words.seat(seat.number)}, ${words.points(seat.price)}, ${words.statusOf[look]}`}
              onFocus={() => (focused.value = seat.number)}
              onClick={() => choose(seat.number)}
            >
              {seat.number}
            </button>
          )
        })}
      </div>
      <ul class="legend">
        {(['AVAILABLE', 'CHOSEN', 'MINE', 'HELD', 'SOLD'] as const).map((look) => (
          <li key={look}>
            <span class={`seat ${look.toLowerCase()}`} aria-hidden="true" /> {words.statusOf[look]}
          </li>
        ))}
      </ul>
      <p class="sum" aria-live="polite">
        {chosen.value.length > 0 && `${words.seats(chosen.value)} · ${numberOf(price)} P`}
      </p>
      <Action run={take} disabled={chosen.value.length === 0}>
        {words.hold(chosen.value.length)}
      </Action>
      {lost.value.length > 0 && (
        <p class="notice warn" role="alert">
          {words.taken(lost.value)} {words.nearby(freeNear(lost.value))}
        </p>
      )}
      {refusal.value !== null && (
        <p class="notice warn" role="alert">
          {refusal.value}
        </p>
      )}
    </section>
  )
}

const isHad = (status: string): boolean => status === 'HELD' || status === 'PAID'
