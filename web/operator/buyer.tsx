/** Looking for what somebody has. */
import { useSignal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { dateOf } from '../shared/i18n.ts'
import { FindBuyer, FindByCode } from './documents.ts'
import { Field, Form, typed } from './form.tsx'
import { isBookingCode, meant, uuidOf } from './ids.ts'
import { request } from './session.ts'
import { text } from './text.ts'

type Buyer = ResultOf<typeof FindBuyer>['buyer']

export function FindBuyerCard() {
  const found = useSignal<readonly Buyer[]>([])
  const words = text()
  const find = async (data: FormData): Promise<string | undefined> => {
    found.value = []
    found.value = await buyersOf(typed(data, 'buyerId'))
    return found.value.length === 0 ? words.nobody : undefined
  }
  return (
    <section class="card">
      <h2>{words.find}</h2>
      <Form label={words.find} button={words.search} run={find}>
        <Field label={words.buyerId} name="buyerId" />
      </Form>
      {found.value.map((buyer) => (
        <Found key={buyer.user.id} {...buyer} />
      ))}
    </section>
  )
}

async function buyersOf(written: string): Promise<readonly Buyer[]> {
  if (isBookingCode(written)) {
    return (await request(FindByCode, { bookingCode: written })).buyersByBookingCode
  }
  return [(await request(FindBuyer, meant(written))).buyer]
}

function Found({ user, tickets, reservations }: Buyer) {
  const words = text()
  return (
    <div data-testid="buyer">
      <p>
        <strong>{user.name || uuidOf(user.id)}</strong> {words.balance(user.points.balance)}
      </p>
      <ul>
        {tickets.length === 0 && <li>{words.noTickets}</li>}
        {tickets.map(({ concert, number, status }) => (
          <li key={`${concert.title} ${number}`}>
            {concert.title}: {words.ticket(number, words.statusOf[status.__typename])}
            {status.__typename === 'Waiting' && ` (${status.position})`}
          </li>
        ))}
        {reservations.edges.length === 0 && <li>{words.noReservations}</li>}
        {reservations.edges.map(({ node }) => (
          <li key={node.id}>
            {node.performance.concert.title}, {dateOf(node.performance.startsAt)}:{' '}
            {words.seats(node.seats.map(({ number }) => number))}, {words.reservationStatusOf[node.status]}
            {node.payment && `, ${words.paid(node.payment.amount)}, ${dateOf(node.payment.paidAt)}`}
          </li>
        ))}
      </ul>
    </div>
  )
}
