import { dateOf, numberOf } from '../shared/i18n.ts'
import { useAnnounced } from './announcer.tsx'
import { bookingCode } from './booking-code.ts'
import { Heading } from './heading.tsx'
import { numbersOf, type Reservation } from './session.ts'
import { text } from './text.ts'

/** What is shown at the door. */
export function Ticket({ reservation }: { reservation: Reservation }) {
  const { performance, id, price } = reservation
  const words = text()
  const seats = words.seats(numbersOf(reservation))
  useAnnounced(`${words.ticket}: ${seats}`)
  return (
    <section class="ticket">
      <div>
        <Heading>{words.ticket}</Heading>
        <p class="show">{performance.concert.title}</p>
        <p>{dateOf(performance.startsAt)}</p>
        <p class="big">{seats}</p>
        <p>
          {words.admitOne(reservation.seats.length)} · {numberOf(price)} P
        </p>
      </div>
      <div class="stub">
        <p class="label">{words.code}</p>
        <p class="code">{bookingCode(id)}</p>
        <p>{words.bought}</p>
      </div>
    </section>
  )
}
