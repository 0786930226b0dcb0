/** What the visitor holds, with the time that is left to pay for it, and what they bought. */
import { useEffect, useRef } from 'preact/hooks'
import { serverNow } from '../shared/clock.ts'
import { clockOf, dateOf, numberOf } from '../shared/i18n.ts'
import { useServerTime } from '../shared/ticker.ts'
import { Action } from './action.tsx'
import { useAnnounced } from './announcer.tsx'
import { Heading } from './heading.tsx'
import {
  balance,
  changed,
  isHeld,
  mayCharge,
  numbersOf,
  reservationsOf,
  type Reservation,
} from './session.ts'
import { cancel, charge, pay } from './shopping.ts'
import { text } from './text.ts'
import { Ticket } from './ticket.tsx'

/** So long somebody is told that their hold has run out, unless they have held or bought others since. */
const NEWS_MS = 10 * 60_000

export function Purchases({ concertId }: { concertId: string }) {
  const ours = reservationsOf(concertId)
  const last = ours[ours.length - 1]
  const hasExpired = last?.status === 'EXPIRED' && serverNow() - Date.parse(last.heldUntil) < NEWS_MS
  return (
    <>
      {hasExpired && (
        <p class="notice warn" role="alert">
          {text().expired}
        </p>
      )}
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

function Held({ reservation }: { reservation: Reservation }) {
  const { price, heldUntil, performance } = reservation
  const words = text()
  const seats = words.seats(numbersOf(reservation))
  const card = useRef<HTMLElement>(null)
  useAnnounced(`${words.held}: ${seats}`)
  // The button that was pressed for it is below the seats.
  useEffect(() => card.current?.scrollIntoView({ block: 'center' }), [])
  const now = useServerTime()
  // Our clock may be a little ahead of the server's: it is asked every second until it says so too.
  const overAt = isHeld(reservation) ? null : Math.floor(now / 1_000)
  useEffect(() => void (overAt !== null && changed()), [overAt])
  const missing = price - balance.value

  if (overAt !== null) return null
  return (
    <section class="card held" ref={card}>
      <Heading>{words.held}</Heading>
      <p>
        <strong>{seats}</strong> · {dateOf(performance.startsAt)}
      </p>
      <p class="countdown">
        {words.payWithin}{' '}
        <time role="timer" aria-live="off" data-testid="hold-left">
          {clockOf(Date.parse(heldUntil) - now)}
        </time>
      </p>
      <p>
        {words.balance}: {numberOf(balance.value)} P
      </p>
      {missing > 0 && !mayCharge.value && <p class="notice">{words.pointsElsewhere(missing)}</p>}
      {/* One button in one place: the keyboard is still on it when charging has turned into paying. */}
      {missing <= 0 ? (
        <Action run={() => pay(reservation)}>{words.pay(price)}</Action>
      ) : mayCharge.value ? (
        <Action run={() => charge(missing)}>{words.charge(missing)}</Action>
      ) : (
        <Action run={changed}>{words.checkBalance}</Action>
      )}
      <Action kind="quiet" run={() => cancel(reservation.id)}>
        {words.giveBack}
      </Action>
    </section>
  )
}
