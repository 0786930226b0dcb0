/** Looking for what somebody has. */
import { useSignal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { dateOf } from '../shared/i18n.ts'
import { FindBuyer } from './documents.ts'
import { Field, Form, typed } from './form.tsx'
import { meant, uuidOf } from './ids.ts'
import { request } from './session.ts'
import { text } from './text.ts'

type Buyer = ResultOf<typeof FindBuyer>['buyer']

export function FindBuyerCard() {
  const found = useSignal<Buyer | null>(null)
  const words = text()
  const find = async (data: FormData): Promise<undefined> => {
    found.value = null
    found.value = (await request(FindBuyer, meant(typed(data, 'buyerId')))).buyer
  }
  return (
    <section class="card">
      <h2>{words.find}</h2>
      <Form label={words.find} button={words.search} run={find}>
        <Field label={words.buyerId} name="buyerId" />
      </Form>
      {found.value && <Found {...found.value} />}
    </section>
  )
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
            {words.seats(node.seats.map(({ number }) => number))}, {node.status}
            {node.payment && `, ${words.paid(node.payment.amount)}, ${dateOf(node.payment.paidAt)}`}
          </li>
        ))}
      </ul>
    </div>
  )
}
