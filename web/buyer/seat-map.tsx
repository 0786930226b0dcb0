import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { numberOf } from '../shared/i18n.ts'
import { Action, type Refusal } from './action.tsx'
import { Pending } from './answer.tsx'
import {
  choose,
  chosen,
  followSeats,
  freeNear,
  holding,
  lose,
  lost,
  SEATS_MAX,
  seats,
  tooMany,
  unseen,
  type Seat,
} from './seats.ts'
import { isHeld, numbersOf, reservationsOf } from './session.ts'
import { hold } from './shopping.ts'
import { text } from './text.ts'

/** Where an arrow key leads, in a grid that has fewer columns on a phone. */
function stepOf(key: string, grid: HTMLElement): number {
  const columns = getComputedStyle(grid).gridTemplateColumns.split(' ').length
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  }
  return steps[key] ?? 0
}

type Look = Seat['status'] | 'CHOSEN' | 'MINE'

/** The seats of a date, live. One of them is in the tab order; arrow keys lead to the others. */
export function SeatMap({ concertId, performanceId }: { concertId: string; performanceId: string }) {
  const focused = useSignal(1)
  const attempt = useSignal(0)
  const grid = useRef<HTMLDivElement>(null)
  useEffect(() => followSeats(concertId, performanceId), [concertId, performanceId, attempt.value])

  const words = text()
  const mine = new Set(
    reservationsOf(concertId)
      .filter((one) => one.performance.id === performanceId && (one.status === 'PAID' || isHeld(one)))
      .flatMap(numbersOf),
  )
  const lookOf = ({ number, status }: Seat): Look =>
    mine.has(number) ? 'MINE' : chosen.value.includes(number) ? 'CHOSEN' : status

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!grid.current) return
    const next = focused.value + stepOf(event.key, grid.current)
    if (next === focused.value || !seats.value.has(next)) return
    event.preventDefault()
    focused.value = next
    grid.current.querySelector<HTMLElement>(`[data-number="${next}"]`)?.focus()
  }
  const take = async (): Promise<Refusal | null> => {
    const wanted = [...chosen.value].sort((a, b) => a - b)
    holding.value = true
    try {
      const refused = await hold(concertId, performanceId, wanted)
      if (!refused) chosen.value = []
      if (refused?.__typename !== 'SeatTaken') return refused
      lose(refused.seatNumbers)
      return null
    } finally {
      holding.value = false
    }
  }
  const prices = [...seats.value.values()].map(({ price }) => price)
  const price = chosen.value.reduce((sum, number) => sum + (seats.value.get(number)?.price ?? 0), 0)

  if (seats.value.size === 0) {
    const again = () => Promise.resolve(void (attempt.value += 1))
    return <Pending failed={unseen.value} again={again} />
  }
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
            {look === 'AVAILABLE' && `, ${words.prices(Math.min(...prices), Math.max(...prices))}`}
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
      {tooMany.value && (
        <p class="notice warn" role="alert">
          {words.full(SEATS_MAX)}
        </p>
      )}
    </section>
  )
}
