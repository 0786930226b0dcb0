/** The seats that the visitor holds, with the time left to pay, and the tickets. */
import { useEffect, useRef } from 'preact/hooks'
import { serverNow } from '../shared/clock.ts'
import { formatDuration, formatDate, formatNumber } from '../shared/i18n.ts'
import { useServerTime } from '../shared/use-server-time.ts'
import { Action } from './action.tsx'
import { useAnnouncement } from './announcer.tsx'
import { Heading } from './heading.tsx'
import { getMessages } from './messages.ts'
import { cancel, charge, pay } from './mutations.ts'
import {
  balance,
  invalidate,
  isHeld,
  mayCharge,
  reservationsOf,
  seatNumbersOf,
  type Reservation,
} from './reservations.ts'
import { Ticket } from './ticket.tsx'

/** How long the page says that a hold has expired, unless the visitor has held or bought other seats since. */
const EXPIRY_NOTICE_MS = 10 * 60_000

export function Purchases({ concertId }: { concertId: string }) {
  const ours = reservationsOf(concertId)
  const last = ours[ours.length - 1]
  const hasExpired = last?.status === 'EXPIRED' && serverNow() - Date.parse(last.heldUntil) < EXPIRY_NOTICE_MS
  return (
    <>
      {hasExpired && (
        <p class="notice warn" role="alert">
          {getMessages().expired}
        </p>
      )}
      {ours
        .filter(({ status }) => status === 'HELD')
        .map((held) => (
          <HoldCard key={held.id} reservation={held} />
        ))}
      {ours
        .filter(({ status }) => status === 'PAID')
        .map((paid) => (
          <Ticket key={paid.id} reservation={paid} />
        ))}
    </>
  )
}

function HoldCard({ reservation }: { reservation: Reservation }) {
  const { price, heldUntil, performance } = reservation
  const messages = getMessages()
  const seats = messages.seats(seatNumbersOf(reservation))
  const card = useRef<HTMLElement>(null)
  useAnnouncement(`${messages.held}: ${seats}`)
  // The visitor has pressed a button far below.
  useEffect(() => card.current?.scrollIntoView({ block: 'center' }), [])
  const now = useServerTime()
  // The page's clock may be a little ahead of the server's: reads every second until the server agrees.
  const expiredAt = isHeld(reservation) ? null : Math.floor(now / 1_000)
  useEffect(() => void (expiredAt !== null && invalidate()), [expiredAt])
  const missing = price - balance.value

  if (expiredAt !== null) return null
  return (
    <section class="card held" ref={card}>
      <Heading>{messages.held}</Heading>
      <p>
        <strong>{seats}</strong> · {formatDate(performance.startsAt)}
      </p>
      <p class="countdown">
        {messages.payWithin}{' '}
        <time role="timer" aria-live="off" data-testid="hold-left">
          {formatDuration(Date.parse(heldUntil) - now)}
        </time>
      </p>
      <p>
        {messages.balance}: {formatNumber(balance.value)} P
      </p>
      {missing > 0 && !mayCharge.value && <p class="notice">{messages.pointsElsewhere(missing)}</p>}
      {/* One button in one place: it keeps the focus when charging turns into paying. */}
      {missing <= 0 ? (
        <Action run={() => pay(reservation)}>{messages.pay(price)}</Action>
      ) : mayCharge.value ? (
        <Action run={() => charge(missing)}>{messages.charge(missing)}</Action>
      ) : (
        <Action run={invalidate}>{messages.checkBalance}</Action>
      )}
      <Action kind="quiet" run={() => cancel(reservation.id)}>
        {messages.release}
      </Action>
    </section>
  )
}
