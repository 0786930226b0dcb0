import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { formatNumber } from '../shared/i18n.ts'
import { Action, type Refusal } from './action.tsx'
import {
  choose,
  chosen,
  subscribeToSeats,
  nearestAvailable,
  holding,
  markTaken,
  takenSeats,
  SEATS_MAX,
  seats,
  limitReached,
  loadFailed,
  type Seat,
} from './seats.ts'
import { getMessages } from './messages.ts'
import { hold } from './mutations.ts'
import { isHeld, reservationsOf, seatNumbersOf } from './reservations.ts'
import { LoadingState } from './use-query.tsx'

/** How far an arrow key moves. The grid has fewer columns on a phone. */
function arrowKeyStep(key: string, grid: HTMLElement): number {
  const columns = getComputedStyle(grid).gridTemplateColumns.split(' ').length
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  }
  return steps[key] ?? 0
}

type SeatState = Seat['status'] | 'CHOSEN' | 'MINE'

/** The seats of a date, live. One of them is in the tab order; arrow keys lead to the others. */
export function SeatMap({ concertId, performanceId }: { concertId: string; performanceId: string }) {
  const focused = useSignal(1)
  const attempt = useSignal(0)
  const grid = useRef<HTMLDivElement>(null)
  useEffect(() => subscribeToSeats(concertId, performanceId), [concertId, performanceId, attempt.value])

  const messages = getMessages()
  const mine = new Set(
    reservationsOf(concertId)
      .filter((one) => one.performance.id === performanceId && (one.status === 'PAID' || isHeld(one)))
      .flatMap(seatNumbersOf),
  )
  const stateOf = ({ number, status }: Seat): SeatState =>
    mine.has(number) ? 'MINE' : chosen.value.includes(number) ? 'CHOSEN' : status

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!grid.current) return
    const next = focused.value + arrowKeyStep(event.key, grid.current)
    if (next === focused.value || !seats.value.has(next)) return
    event.preventDefault()
    focused.value = next
    grid.current.querySelector<HTMLElement>(`[data-number="${next}"]`)?.focus()
  }
  const holdChosen = async (): Promise<Refusal | null> => {
    const wanted = [...chosen.value].sort((a, b) => a - b)
    holding.value = true
    try {
      const refused = await hold(concertId, performanceId, wanted)
      if (!refused) chosen.value = []
      if (refused?.__typename !== 'SeatTaken') return refused
      markTaken(refused.seatNumbers)
      return null
    } finally {
      holding.value = false
    }
  }
  const prices = [...seats.value.values()].map(({ price }) => price)
  const price = chosen.value.reduce((sum, number) => sum + (seats.value.get(number)?.price ?? 0), 0)

  if (seats.value.size === 0) {
    const refetch = () => Promise.resolve(void (attempt.value += 1))
    return <LoadingState failed={loadFailed.value} refetch={refetch} />
  }
  return (
    <section class="seat-map">
      <h2 id="seats">{messages.chooseSeats}</h2>
      <p class="hint">{messages.holdHint}</p>
      <p class="stage">{messages.stage}</p>
      <div class="seats" role="group" aria-labelledby="seats" ref={grid} onKeyDown={onKeyDown}>
        {[...seats.value.values()].map((seat) => {
          const state = stateOf(seat)
          return (
            <button
              key={seat.number}
              type="button"
              class={`seat ${state.toLowerCase()}`}
              data-number={seat.number}
              tabIndex={seat.number === focused.value ? 0 : -1}
              aria-pressed={state === 'CHOSEN'}
              aria-disabled={state !== 'AVAILABLE' && state !== 'CHOSEN'}
              aria-label={`${messages.seat(seat.number)}, ${messages.points(seat.price)}, ${messages.statusOf[state]}`}
              onFocus={() => (focused.value = seat.number)}
              onClick={() => choose(seat.number)}
            >
              {seat.number}
            </button>
          )
        })}
      </div>
      <ul class="legend">
        {(['AVAILABLE', 'CHOSEN', 'MINE', 'HELD', 'SOLD'] as const).map((state) => (
          <li key={state}>
            <span class={`seat ${state.toLowerCase()}`} aria-hidden="true" /> {messages.statusOf[state]}
            {state === 'AVAILABLE' && `, ${messages.prices(Math.min(...prices), Math.max(...prices))}`}
          </li>
        ))}
      </ul>
      <p class="sum" aria-live="polite">
        {chosen.value.length > 0 && `${messages.seats(chosen.value)} · ${formatNumber(price)} P`}
      </p>
      <Action run={holdChosen} disabled={chosen.value.length === 0}>
        {messages.hold(chosen.value.length)}
      </Action>
      {takenSeats.value.length > 0 && (
        <p class="notice warn" role="alert">
          {messages.taken(takenSeats.value)} {messages.nearby(nearestAvailable(takenSeats.value))}
        </p>
      )}
      {limitReached.value && (
        <p class="notice warn" role="alert">
          {messages.full(SEATS_MAX)}
        </p>
      )}
    </section>
  )
}
