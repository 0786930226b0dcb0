/** A concert with one person in each situation, to try what is not allowed in. */
import { randomUUID } from 'node:crypto'
import { charge, createSale, hold, join, pay } from './purchase.ts'
import type { TestServer, TestUser } from './server.ts'
import { leaveQueue } from './operations.ts'

export interface Scenario {
  concertId: string
  /** A date with 50 seats at 100 points. */
  date: string
  /** Admitted, holds seats 1 and 2, and has 1,000 points. */
  minji: TestUser
  minjiTicket: string
  minjiTicketId: string
  minjiHold: string
  /** Admitted, and has nothing. */
  jun: TestUser
  junTicket: string
  /** A ticket of jun's for another concert. */
  junElsewhere: string
  /** In line behind them. */
  waiting: TestUser
  waitingTicket: string
  /** Bought seat 50: the ticket is spent. */
  bought: TestUser
  boughtTicket: string
  boughtPayment: string
  /** Left the queue: the ticket has lapsed. */
  gone: TestUser
  goneTicket: string
  operator: TestUser
}

export async function createScenario(server: TestServer): Promise<Scenario> {
  const { concertId, performanceIds, operator } = await createSale(server, { capacity: 2 })
  const [date = ''] = performanceIds
  const elsewhere = await createSale(server)
  const enter = async () => {
    const user = await server.user()
    return { user, ...(await join(user, concertId)) }
  }

  const bought = await enter()
  const sold = await hold(bought.user, bought.token, date, [50])
  await charge(bought.user, 100)
  const paid = await pay(bought.user, bought.token, sold.id)

  const gone = await enter()
  await leaveQueue(gone.user, gone.token)

  const minji = await enter()
  await charge(minji.user, 1_000)
  const held = await hold(minji.user, minji.token, date, [1, 2])
  const jun = await enter()
  const waiting = await enter()

  return {
    concertId,
    date,
    minji: minji.user,
    minjiTicket: minji.token,
    minjiTicketId: minji.id,
    minjiHold: held.id,
    jun: jun.user,
    junTicket: jun.token,
    junElsewhere: (await join(jun.user, elsewhere.concertId)).token,
    waiting: waiting.user,
    waitingTicket: waiting.token,
    bought: bought.user,
    boughtTicket: bought.token,
    boughtPayment: paid.id,
    gone: gone.user,
    goneTicket: gone.token,
    operator,
  }
}

/** Everything that an operation could have changed, as text. */
export async function databaseSnapshot({ database: { sql } }: TestServer): Promise<string> {
  const rows = await sql`select
    (select jsonb_agg(to_jsonb(r) order by id) from reservations r) as reservations,
    (select jsonb_agg(to_jsonb(c) order by reservation_id, seat_number) from seat_claims c) as claims,
    (select jsonb_agg(to_jsonb(p) order by id) from payments p) as payments,
    (select jsonb_agg(to_jsonb(t) order by id) from transfers t) as transfers,
    (select jsonb_agg(to_jsonb(s) order by user_id) from spent_tickets s) as spent,
    (select jsonb_agg(to_jsonb(c) - 'queue_number_watermark' order by id) from concerts c) as concerts,
    (select count(*) from users) as users`
  return JSON.stringify(rows)
}

/** What belongs to nobody. */
export const unknownId = (typename: string): string =>
  Buffer.from(`${typename}:${randomUUID()}`).toString('base64')
