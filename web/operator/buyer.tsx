/** Looking for what somebody has. */
import { useSignal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { ask } from '../shared/http.ts'
import { dateOf } from '../shared/i18n.ts'
import { FindBuyer } from './documents.ts'
import { Field, Form, typed } from './form.tsx'
import { concerts, credentials } from './session.ts'
import { text } from './text.ts'

type Buyer = ResultOf<typeof FindBuyer>['buyer']

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** An id as the API writes it, or the plain UUID of a log line. */
const idOf = (written: string): string =>
  UUID.test(written) ? btoa(`User:${written.toLowerCase()}`) : written

export function FindBuyerCard() {
  const found = useSignal<Buyer | null>(null)
  const words = text()
  const find = async (data: FormData): Promise<undefined> => {
    found.value = null
    found.value = (await ask(FindBuyer, { userId: idOf(typed(data, 'userId')) }, credentials())).buyer
  }
  return (
    <section class="card">
      <h2>{words.find}</h2>
      <Form label={words.find} button={words.search} run={find}>
        <Field label={words.userId} name="userId" />
      </Form>
      {found.value && <Found {...found.value} />}
    </section>
  )
}

function Found({ user, tickets, reservations }: Buyer) {
  const words = text()
  const titleOf = (concertId: string) => concerts.value.find(({ id }) => id === concertId)?.title
  return (
    <div data-testid="buyer">
      <p>
        <strong>{user.name}</strong> {words.balance(user.points.balance)}
      </p>
      <ul>
        {tickets.length === 0 && <li>{words.noTickets}</li>}
        {tickets.map(({ concertId, number, status }) => (
          <li key={`${concertId} ${number}`}>
            {titleOf(concertId)} {words.ticket(number, words.statusOf[status.__typename])}
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
