/** Looking for what somebody has. */
import { useSignal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { formatDate } from '../shared/i18n.ts'
import { FindBuyer, FindByCode } from './documents.ts'
import { Field, Form, fieldValue } from './form.tsx'
import { isBookingCode, parseBuyerId, uuidOf } from './ids.ts'
import { request } from './session.ts'
import { getMessages } from './messages.ts'

type Buyer = ResultOf<typeof FindBuyer>['buyer']

export function FindBuyerCard() {
  const found = useSignal<readonly Buyer[]>([])
  const messages = getMessages()
  const find = async (data: FormData): Promise<string | undefined> => {
    found.value = []
    found.value = await buyersOf(fieldValue(data, 'buyerId'))
    return found.value.length === 0 ? messages.nobody : undefined
  }
  return (
    <section class="card">
      <h2>{messages.find}</h2>
      <Form label={messages.find} button={messages.search} run={find}>
        <Field label={messages.buyerId} name="buyerId" />
      </Form>
      {found.value.map((buyer) => (
        <BuyerDetails key={buyer.user.id} {...buyer} />
      ))}
    </section>
  )
}

async function buyersOf(written: string): Promise<readonly Buyer[]> {
  if (isBookingCode(written)) {
    return (await request(FindByCode, { bookingCode: written })).buyersByBookingCode
  }
  return [(await request(FindBuyer, parseBuyerId(written))).buyer]
}

function BuyerDetails({ user, tickets, reservations }: Buyer) {
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
          <li key={node.id}>
            {node.performance.concert.title}, {formatDate(node.performance.startsAt)}:{' '}
            {messages.seats(node.seats.map(({ number }) => number))},{' '}
            {messages.reservationStatusOf[node.status]}
            {node.payment && `, ${messages.paid(node.payment.amount)}, ${formatDate(node.payment.paidAt)}`}
          </li>
        ))}
      </ul>
    </div>
  )
}
