/** The steps of a purchase, for tests that are about something that comes after them. */
import { randomUUID } from 'node:crypto'
import type { TestServer, TestUser } from './server.ts'

export interface Sale {
  concertId: string
  performanceIds: string[]
  operator: TestUser
}

/** A concert with dates in the future. */
export async function createSale(
  server: Pick<TestServer, 'user' | 'database'>,
  options: { dates?: number; seatCount?: number; seatPrice?: number; capacity?: number; rate?: number } = {},
): Promise<Sale> {
  const { dates = 1, seatCount = 50, seatPrice = 100, capacity = 100, rate = null } = options
  const operator = await server.user('operator')
  const day = 24 * 60 * 60 * 1000
  const { createConcert } = await operator.request<{ createConcert: { id: string } }>(
    `mutation ($input: CreateConcertInput!) { createConcert(input: $input) { ... on Concert { id } } }`,
    {
      input: {
        title: 'Rehearsal',
        queueCapacity: capacity,
        queueRatePerSecond: rate,
        performances: Array.from({ length: dates }, (_, index) => ({
          startsAt: new Date(Date.now() + (index + 1) * day).toISOString(),
          seatCount,
          seatPrice,
        })),
      },
    },
  )
  const rows = await server.database.sql<{ id: string }[]>`
    select encode(convert_to('Performance:' || p.id, 'utf8'), 'base64') as id
    from performances p join concerts c on c.id = p.concert_id
    where 'Concert:' || c.id = convert_from(decode(${createConcert.id}, 'base64'), 'utf8')
    order by starts_at`
  return {
    concertId: createConcert.id,
    performanceIds: rows.map(({ id }) => id.replaceAll('\n', '')),
    operator,
  }
}

export const statusFields = `__typename
  ... on Waiting { position estimatedWaitSeconds paused }
  ... on Admitted { until }
  ... on Finished { at }
  ... on Lapsed { reason }`

export interface Status {
  __typename: 'Waiting' | 'Admitted' | 'Finished' | 'Lapsed'
  position?: number
  estimatedWaitSeconds?: number | null
  paused?: boolean
  until?: string
  at?: string
  reason?: string
}

/** Joins; the token is what every later step shows. */
export async function join(user: TestUser, concertId: string): Promise<{ token: string; status: Status }> {
  const { issueQueueToken } = await user.request<{ issueQueueToken: { token: string; status: Status } }>(
    `mutation ($concertId: ID!) {
      issueQueueToken(input: { concertId: $concertId }) { ... on QueueTicket { token status { ${statusFields} } } }
    }`,
    { concertId },
  )
  return issueQueueToken
}

export async function statusOf(user: TestUser, queueToken: string): Promise<Status> {
  const { queueTicket } = await user.request<{ queueTicket: { status: Status } }>(
    `query { queueTicket { status { ${statusFields} } } }`,
    {},
    { queueToken },
  )
  return queueTicket.status
}

/** Whatever a mutation answers: the good case or a refusal, told apart by `__typename`. */
export interface Result {
  __typename: string
  id: string
  message: string
  [field: string]: unknown
}

export async function hold(
  user: TestUser,
  queueToken: string,
  performanceId: string,
  seatNumbers: number[],
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { holdSeats } = await user.request<{ holdSeats: Result }>(
    `mutation ($input: HoldSeatsInput!) {
      holdSeats(input: $input) {
        __typename
        ... on Reservation { id price status heldUntil seats { number status } }
        ... on SeatTaken { seatNumbers }
        ... on SeatNotFound { seatNumbers }
        ... on SeatLimitExceeded { limit }
        ... on Refusal { message }
      }
    }`,
    { input: { performanceId, seatNumbers, idempotencyKey } },
    { queueToken },
  )
  return holdSeats
}

export async function charge(
  user: TestUser,
  amount: number,
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { chargePoints } = await user.request<{ chargePoints: Result }>(
    `mutation ($input: ChargePointsInput!) {
      chargePoints(input: $input) {
        __typename
        ... on PointAccount { userId balance }
        ... on BalanceLimitExceeded { limit }
        ... on Refusal { message }
      }
    }`,
    { input: { amount, idempotencyKey } },
  )
  return chargePoints
}

export async function pay(
  user: TestUser,
  queueToken: string,
  reservationId: string,
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { payReservation } = await user.request<{ payReservation: Result }>(
    `mutation ($input: PayReservationInput!) {
      payReservation(input: $input) {
        __typename
        ... on Payment { id amount paidAt reservation { id status seats { number status } } }
        ... on HoldExpired { heldUntil }
        ... on AlreadyPaid { paymentId }
        ... on InsufficientPoints { balance price }
        ... on Refusal { message }
      }
    }`,
    { input: { reservationId, idempotencyKey } },
    { queueToken },
  )
  return payReservation
}
