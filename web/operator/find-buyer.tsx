/** The search for a buyer, by booking code or id. */
import { useSignal } from '@preact/signals'
import { ApiError } from '../../client/client.ts'
import { BuyerDocument, BuyersByBookingCodeDocument } from '../../client/documents.ts'
import type { ResultOf } from '../../client/graphql.ts'
import { bookingCode } from '../shared/booking-code.ts'
import { formatDate } from '../shared/i18n.ts'
import { Field, Form, fieldValue } from './form.tsx'
import { parseBuyerSearch, uuidOf, type BuyerSearch } from './ids.ts'
import { request } from './session.ts'
import { getMessages } from './messages.ts'

type Buyer = ResultOf<typeof BuyerDocument>['buyer']

export function FindBuyerCard() {
  const search = useSignal<BuyerSearch | undefined>(undefined)
  const found = useSignal<readonly Buyer[]>([])
  const messages = getMessages()
  const find = async (data: FormData): Promise<string | undefined> => {
    found.value = []
    search.value = parseBuyerSearch(fieldValue(data, 'buyerId'))
    if (!search.value) return messages.invalidBuyerId
    found.value = await buyersOf(search.value)
    return found.value.length === 0 ? messages.notFound : undefined
  }
  return (
    <section class="card">
      <h2>{messages.find}</h2>
      <Form label={messages.find} button={messages.search} run={find}>
        <Field label={messages.buyerId} name="buyerId" />
      </Form>
      {found.value.map((buyer) => (
        <BuyerDetails key={buyer.user.id} buyer={buyer} search={search.value} />
      ))}
    </section>
  )
}

async function buyersOf(search: BuyerSearch): Promise<readonly Buyer[]> {
  if ('bookingCode' in search) {
    return (await request(BuyersByBookingCodeDocument, search)).buyersByBookingCode
  }
  try {
    return [(await request(BuyerDocument, search)).buyer]
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NOT_FOUND') return []
    throw error
  }
}

interface BuyerDetailsProps {
  buyer: Buyer
  search: BuyerSearch | undefined
}

function BuyerDetails({ buyer: { user, tickets, reservations }, search }: BuyerDetailsProps) {
  const messages = getMessages()
  return (
    <div data-testid="buyer">
      <p>
        <strong>{user.name || uuidOf(user.id)}</strong> {messages.balance(user.points.balance)}
      </p>
      <ul>
        {tickets.length === 0 && <li>{messages.noTickets}</li>}
        {tickets.map(({ concert, number, status }) => (
          <li key={`${concert.title} ${number}`}>
            {concert.title}: {messages.ticket(number, messages.statusOf[status.__typename])}
            {status.__typename === 'Waiting' && ` (${status.position})`}
          </li>
        ))}
        {reservations.edges.length === 0 && <li>{messages.noReservations}</li>}
        {reservations.edges.map(({ node }) => (
          <ReservationRow key={node.id} reservation={node} isMatch={matches(node.id, search)} />
        ))}
      </ul>
    </div>
  )
}

type Reservation = Buyer['reservations']['edges'][number]['node']

/** Whether a reservation is the one that was searched for. */
function matches(id: string, search: BuyerSearch | undefined): boolean {
  if (!search) return false
  if ('reservationId' in search) return search.reservationId === id
  return 'bookingCode' in search && bookingCode(id) === search.bookingCode
}

function ReservationRow({ reservation, isMatch }: { reservation: Reservation; isMatch: boolean }) {
  const { id, performance, seats, status, payment } = reservation
  const messages = getMessages()
  const code = messages.bookingCode(bookingCode(id))
  return (
    <li class={isMatch ? 'match' : ''}>
      {isMatch ? <mark>{code}</mark> : code}: {performance.concert.title}, {formatDate(performance.startsAt)},{' '}
      {messages.seats(seats.map(({ number }) => number))}, {messages.reservationStatusOf[status]}
      {payment && `, ${messages.paid(payment.amount)}, ${formatDate(payment.paidAt)}`}
    </li>
  )
}
