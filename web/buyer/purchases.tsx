/** What the visitor holds, with the time that is left to pay for it, and what they bought. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { clockOf, dateOf, numberOf } from '../shared/i18n.ts'
import { useServerTime } from '../shared/ticker.ts'
import { Action } from './action.tsx'
import { balance, reservations, type Reservation } from './session.ts'
import { cancel, charge, pay } from './shopping.ts'
import { text } from './text.ts'

export function Purchases({ concertId }: { concertId: string }) {
  const ours = reservations.value.filter(({ performance }) => performance.concert.id === concertId)
  return (
    <>
      {ours
        .filter(({ status }) => status === 'HELD')
        .map((held) => (
          <Held key={held.id} reservation={held} />
        ))}
      {ours
        .filter(({ status }) => status === 'PAID')
        .map((paid) => (
          <Ticket key={paid.id} reservation={paid} />
        ))}
    </>
  )
}

const numbersOf = ({ seats }: Reservation): number[] => seats.map(({ number }) => number)

function Held({ reservation }: { reservation: Reservation }) {
  const { price, heldUntil, performance } = reservation
  const refusal = useSignal<string | null>(null)
  const words = text()
  const card = useRef<HTMLElement>(null)
  // The button that was pressed for it is below the seats.
  useEffect(() => card.current?.scrollIntoView({ block: 'center' }), [])
  const left = Date.parse(heldUntil) - useServerTime()
  const missing = price - balance.value

  if (left <= 0) return <p class="notice warn">{words.expired}</p>
  return (
    <section class="card held" ref={card}>
      <h2>{words.held}</h2>
      <p>
        <strong>{words.seats(numbersOf(reservation))}</strong> · {dateOf(performance.startsAt)}
      </p>
      <p class="countdown">
        {words.payWithin}{' '}
        <time role="timer" aria-live="off" data-testid="hold-left">
          {clockOf(left)}
        </time>
      </p>
      <p>
        {words.balance}: {numberOf(balance.value)} P
      </p>
      {missing > 0 ? (
        <Action run={() => charge(missing)}>{words.charge(missing)}</Action>
      ) : (
        <Action run={async () => (refusal.value = (await pay(reservation))?.message ?? null)}>
          {words.pay(price)}
        </Action>
      )}
      <Action kind="quiet" run={() => cancel(reservation.id)}>
        {words.giveBack}
      </Action>
      {refusal.value !== null && (
        <p class="notice warn" role="alert">
          {refusal.value}
        </p>
      )}
    </section>
  )
}

function Ticket({ reservation }: { reservation: Reservation }) {
  const { performance, id, price } = reservation
  const words = text()
  return (
    <section class="ticket" aria-label={words.ticket}>
      <p class="label">{words.ticket}</p>
      <h2>{performance.concert.title}</h2>
      <p>{dateOf(performance.startsAt)}</p>
      <p class="big">{words.seats(numbersOf(reservation))}</p>
      <p>
        {words.admitOne(reservation.seats.length)} · {numberOf(price)} P
      </p>
      <p class="code">{id}</p>
      <p>{words.bought}</p>
    </section>
  )
}
