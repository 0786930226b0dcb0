/** How often an operation goes to PostgreSQL and to Redis: one time too many is half of what it costs. */
import { randomUUID } from 'node:crypto'
import { graphql } from 'graphql'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createServices } from '../../src/services.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/resolvers/context.ts'
import { createSchema } from '../../src/schema/index.ts'
import { globalId, numberedKey } from '../../src/schema/ids.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { createBuyer, createConcertFixture, holdArgs, holdSeats } from '../support/fixtures.ts'
import { secret } from '../support/server.ts'

let database: TestDatabase
let made: ReturnType<typeof createServices>
const schema = createSchema({ signUp: true })
const trips = { postgres: 0, redis: 0 }
/** Rows that PostgreSQL has returned. */
let rows = 0
/** What the connection asks once a second, whether or not there are operations: its pings, its probe, who subscribes. */
const OF_THE_CONNECTION = new Set(['info', 'ping', 'get', 'set', 'pubsub'])

/** Nothing runs beside the operations: without the app there are no jobs. */
beforeAll(async () => {
  database = await createDatabase()
  const config = readConfig({
    DATABASE_URL: database.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: `test:${randomUUID()}`,
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
  })
  made = createServices(config, pino({ level: 'error' }))
  const { db } = made.services
  const call = db.call.bind(db)
  db.call = async (statement) => {
    trips.postgres += 1
    const answer = await call(statement)
    rows += answer.length
    return answer
  }
  const { redis } = made.connection
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, stream) => {
    if (!OF_THE_CONNECTION.has(command.name)) trips.redis += 1
    return send(command, stream)
  }
})
afterAll(async () => {
  await made.connection.close()
  await made.services.db.close()
  await database.drop()
})

interface Visitor {
  authorization: string
  queueToken?: string
}

const visitor = async (
  role: 'buyer' | 'operator' = 'buyer',
  userId: string = randomUUID(),
): Promise<Visitor> => {
  const token = await made.services.auth.issue({ userId, role }, 600)
  return { authorization: `Bearer ${token}` }
}

/** What the operations here are asked for. */
interface Answers {
  createConcert: { concert: { id: string } }
  issueQueueToken: { ticket: { token: string } }
  performances: { id: string }[]
  holdSeats: { reservation: { id: string } }
  payReservation: { payment: { amount: number } }
}

async function run(source: string, variableValues: Record<string, unknown>, who: Visitor) {
  const credentials = {
    queueToken: undefined,
    ...who,
    address: '192.0.2.1',
    requestId: '',
    traceparent: undefined,
  }
  const contextValue = await createContext(made.services, credentials)
  Object.assign(trips, { postgres: 0, redis: 0 })
  rows = 0
  const { data, errors } = await graphql({ schema, source, variableValues, contextValue })
  expect(errors).toBeUndefined()
  return { data: data as unknown as Answers, trips: { ...trips }, rows }
}

const JOIN =
  'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { ... on IssueQueueTokenPayload { ticket { token } } } }'
const DATES = 'query ($id: ID!) { performances(concertId: $id) { id startsAt availableSeatCount } }'
const SEATS = 'query ($id: ID!) { performance(id: $id) { seats { number status price } } }'
const HOLD =
  'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on HoldSeatsPayload { reservation { id price heldUntil } } } }'
const CHARGE =
  'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { ... on ChargePointsPayload { account { balance } } } }'
const PAY =
  'mutation ($input: PayReservationInput!) { payReservation(input: $input) { ... on PayReservationPayload { payment { id amount } } } }'

test('a purchase, step by step', async () => {
  const startsAt = new Date(Date.now() + 86_400_000)
  const performances = [1, 2, 3].map(() => ({ startsAt, seatPrice: 10 }))
  const created = await run(
    'mutation ($input: CreateConcertInput!) { createConcert(input: $input) { ... on CreateConcertPayload { concert { id } } } }',
    { input: { title: 'Counted', performances } },
    await visitor('operator'),
  )
  const id = created.data.createConcert.concert.id
  await run(JOIN, { id }, await visitor()) // opens the queue

  const buyer = await visitor()
  const join = await run(JOIN, { id }, buyer)
  const admitted = { ...buyer, queueToken: join.data.issueQueueToken.ticket.token }
  const status = await run('{ queueTicket { status { __typename } } }', {}, admitted)
  const dates = await run(DATES, { id }, admitted)
  const performanceId = dates.data.performances[0]?.id ?? ''
  const seats = await run(SEATS, { id: performanceId }, admitted)
  const hold = await run(
    HOLD,
    { input: { performanceId, seatNumbers: [1, 2], idempotencyKey: 'hold' } },
    admitted,
  )
  const charge = await run(CHARGE, { input: { amount: 20, idempotencyKey: 'charge' } }, admitted)
  const pay = await run(
    PAY,
    { input: { reservationId: hold.data.holdSeats.reservation.id, idempotencyKey: 'pay' } },
    admitted,
  )
  expect(pay.data.payReservation.payment.amount).toBe(20)

  const steps = { join, status, dates, seats, hold, charge, pay }
  const counted = Object.entries(steps).map(([step, { trips }]) => [step, trips.postgres, trips.redis])
  expect(counted).toEqual([
    // Two limits, the queue stays active, and the script.
    ['join', 0, 4],
    ['status', 0, 1],
    // The gate; the dates with what is taken of each.
    ['dates', 1, 1],
    // The date, and its seats.
    ['seats', 2, 1],
    // What a function has made comes with its answer.
    // The limit, and the gate.
    ['hold', 1, 2],
    ['charge', 1, 1],
    // The limit. Its place is freed by the relay, once the payment is committed.
    ['pay', 1, 1],
  ])
})

test('a list costs one query, however long it is', async () => {
  const { trips } = await run('{ concerts(first: 50) { edges { node { id title } } } }', {}, await visitor())
  expect(trips).toEqual({ postgres: 1, redis: 0 })
})

/** A date with 40 seats that one buyer holds, and two of another: `own`. */
async function createBusyDate() {
  const { db, queueTokens, queue } = made.services
  const fixture = await createConcertFixture(db)
  await holdSeats(db, holdArgs(createBuyer(fixture, 900), range(1, 40), { seatLimit: 40 }))
  const buyer = createBuyer(fixture)
  const { ticket } = await queue.join(fixture.concertId, buyer.userId)
  const reservationId = await holdSeats(db, holdArgs({ ...buyer, ticket }, [44, 45]))
  const own = { ...(await visitor('buyer', buyer.userId)), queueToken: queueTokens.sign(ticket) }
  return { own, performanceId: fixture.performanceId, reservationId }
}
const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

test('the seats of a reservation are read without the other seats of the date', async () => {
  const { own, performanceId, reservationId } = await createBusyDate()
  const query = 'query ($id: ID!) { reservation(id: $id) { seats { number status } } }'
  const reservation = await run(query, { id: globalId('Reservation', reservationId) }, own)
  expect(reservation.data).toEqual({
    reservation: { seats: [44, 45].map((number) => ({ number, status: 'HELD' })) },
  })
  // The reservation, the date, and its two seats.
  expect([reservation.trips, reservation.rows]).toEqual([{ postgres: 3, redis: 0 }, 4])

  const ids = [1, 44, 46].map((number) => globalId('Seat', numberedKey(performanceId, number)))
  const nodes = await run(
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Seat { status } } }',
    { ids },
    own,
  )
  expect(nodes.data).toEqual({ nodes: [{ status: 'HELD' }, { status: 'HELD' }, { status: 'AVAILABLE' }] })
  expect([nodes.trips, nodes.rows]).toEqual([{ postgres: 2, redis: 1 }, 4])
})

test('the reservations of seats are read only where the caller may see them', async () => {
  const { own, performanceId } = await createBusyDate()
  const query =
    'query ($id: ID!) { performance(id: $id) { seats(status: HELD) { number reservation { status } } } }'
  const read = (who: Visitor) => run(query, { id: globalId('Performance', performanceId) }, who)
  const buyer = await read(own)
  expect(buyer.data).toMatchObject({
    performance: {
      seats: [
        ...range(1, 40).map((number) => ({ number, reservation: null })),
        ...[44, 45].map((number) => ({ number, reservation: { status: 'HELD' } })),
      ],
    },
  })
  // The date, its 42 held seats, the caller's two, and their reservation.
  expect([buyer.trips.postgres, buyer.rows]).toEqual([4, 46])
  const operator = await read(await visitor('operator'))
  // The date, its 42 held seats, whose they are, and two reservations.
  expect([operator.trips.postgres, operator.rows]).toEqual([4, 87])
})
