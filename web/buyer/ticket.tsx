import { formatDate, formatNumber } from '../shared/i18n.ts'
import { useAnnouncement } from './announcer.tsx'
import { bookingCode } from '../shared/booking-code.ts'
import { Heading } from './heading.tsx'
import { getMessages } from './messages.ts'
import { seatNumbersOf, type Reservation } from './reservations.ts'

/** The ticket that is shown at the door. */
export function Ticket({ reservation }: { reservation: Reservation }) {
  const { performance, id, price } = reservation
  const messages = getMessages()
  const seats = messages.seats(seatNumbersOf(reservation))
  useAnnouncement(`${messages.ticket}: ${seats}`)
  return (
    <section class="ticket">
      <div>
        <Heading>{messages.ticket}</Heading>
        <p class="show">{performance.concert.title}</p>
        <p>{formatDate(performance.startsAt)}</p>
        <p class="big">{seats}</p>
        <p>
          {messages.admitOne(reservation.seats.length)} · {formatNumber(price)} P
        </p>
      </div>
      <div class="stub">
        <p class="label">{messages.code}</p>
        <p class="code">{bookingCode(id)}</p>
        <p>{messages.bought}</p>
      </div>
    </section>
  )
}
