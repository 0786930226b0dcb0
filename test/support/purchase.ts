/** The steps of a purchase, for tests that are about something that comes after them. */
import { randomUUID } from 'node:crypto'
import type { TestServer, TestUser } from './server.ts'

export interface Sale {
  concertId: string
  performanceIds: string[]
  operator: TestUser
}

interface SaleConcert {
  id: string
  performances: { id: string }[]
}

/** A concert with dates in the future. */
export async function createSale(
  server: Pick<TestServer, 'user'>,
  options: { dates?: number; seatCount?: number; seatPrice?: number; capacity?: number; rate?: number } = {},
): Promise<Sale> {
  const { dates = 1, seatCount = 50, seatPrice = 100, capacity = 100, rate = null } = options
  const operator = await server.user('operator')
  const day = 24 * 60 * 60 * 1000
  const { createConcert } = await operator.request<{ createConcert: { concert: SaleConcert } }>(
    `mutation ($input: CreateConcertInput!) {
      createConcert(input: $input) { ... on CreateConcertPayload { concert { id performances { id } } } }
    }`,
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
  const { id, performances } = createConcert.concert
  return { concertId: id, performanceIds: performances.map((performance) => performance.id), operator }
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

/** Joins the queue. Every later step sends the token. */
export async function join(
  user: TestUser,
  concertId: string,
): Promise<{ id: string; token: string; status: Status }> {
  const { issueQueueToken } = await user.request<{
    issueQueueToken: { ticket: { id: string; token: string; status: Status } }
  }>(
    `mutation ($concertId: ID!) {
      issueQueueToken(input: { concertId: $concertId }) {
        ... on IssueQueueTokenPayload { ticket { id token status { ${statusFields} } } }
      }
    }`,
    { concertId },
  )
  return issueQueueToken.ticket
}

export async function statusOf(user: TestUser, queueToken: string): Promise<Status> {
  const { queueTicket } = await user.request<{ queueTicket: { status: Status } }>(
    `query { queueTicket { status { ${statusFields} } } }`,
    {},
    { queueToken },
  )
  return queueTicket.status
}

/** What a mutation returned: the object in its payload, or a refusal. `__typename` is that of the payload or the refusal. */
export interface Result {
  __typename: string
  id: string
  message: string
  [field: string]: unknown
}

export type Payload<Name extends string> = { __typename: string; message: string } & Partial<
  Record<Name, object>
>

/** Unwraps the object of a payload. */
export function toResult<Name extends string>(payload: Payload<Name>, name: Name): Result {
  const { [name]: object, ...rest } = payload
  return { ...rest, ...object } as unknown as Result
}

export async function hold(
  user: TestUser,
  queueToken: string,
  performanceId: string,
  seatNumbers: number[],
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { holdSeats } = await user.request<{ holdSeats: Payload<'reservation'> }>(
    `mutation ($input: HoldSeatsInput!) {
      holdSeats(input: $input) {
        __typename
        ... on HoldSeatsPayload { reservation { id price status heldUntil seats { number status } } }
        ... on SeatTaken { seatNumbers }
        ... on SeatNotFound { seatNumbers }
        ... on SeatLimitExceeded { limit }
        ... on Refusal { message }
      }
    }`,
    { input: { performanceId, seatNumbers, idempotencyKey } },
    { queueToken },
  )
  return toResult(holdSeats, 'reservation')
}

export async function charge(
  user: TestUser,
  amount: number,
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { chargePoints } = await user.request<{ chargePoints: Payload<'account'> }>(
    `mutation ($input: ChargePointsInput!) {
      chargePoints(input: $input) {
        __typename
        ... on ChargePointsPayload { account { userId balance } }
        ... on BalanceLimitExceeded { limit }
        ... on Refusal { message }
      }
    }`,
    { input: { amount, idempotencyKey } },
  )
  return toResult(chargePoints, 'account')
}

export async function pay(
  user: TestUser,
  queueToken: string,
  reservationId: string,
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { payReservation } = await user.request<{ payReservation: Payload<'payment'> }>(
    `mutation ($input: PayReservationInput!) {
      payReservation(input: $input) {
        __typename
        ... on PayReservationPayload {
          payment { id amount paidAt reservation { id status seats { number status } } }
          account { balance }
        }
        ... on HoldExpired { heldUntil }
        ... on AlreadyPaid { paymentId }
        ... on InsufficientPoints { balance price }
        ... on Refusal { message }
      }
    }`,
    { input: { reservationId, idempotencyKey } },
    { queueToken },
  )
  return toResult(payReservation, 'payment')
}
