/** Single operations, for tests that are about them. `purchase.ts` has the steps that every purchase takes. */
import { randomUUID } from 'node:crypto'
import type { GraphQLResponse, Credentials } from './client.ts'
import { statusFields, type Result, type Status } from './purchase.ts'
import type { TestUser } from './server.ts'

/** The code of the first error; undefined: there was none. */
export const errorCodeOf = (answer: GraphQLResponse<unknown>): string | undefined =>
  answer.errors?.[0]?.extensions.code

export interface Ticket {
  token: string
  userId: string
  concertId: string
  status: Status
}

const ticketFields = `token userId concertId status { ${statusFields} }`

export const issueQueueToken = (user: TestUser, input: { concertId: string; userId?: string | null }) =>
  user.send<{ issueQueueToken: Ticket & Result }>(
    `mutation ($input: IssueQueueTokenInput!) {
      issueQueueToken(input: $input) {
        __typename ... on QueueTicket { ${ticketFields} } ... on Refusal { message }
      }
    }`,
    { input },
  )

export const queueTicket = (user: TestUser, token?: string, credentials?: Credentials) =>
  user.send<{ queueTicket: Ticket | null }>(
    `query ($token: String) { queueTicket(token: $token) { ${ticketFields} } }`,
    { token },
    credentials,
  )

export const leaveQueue = (user: TestUser, token: string) =>
  user.send<{ leaveQueue: Ticket }>(
    `mutation ($token: String!) { leaveQueue(input: { token: $token }) { ${ticketFields} } }`,
    { token },
  )

export interface Queue {
  waitingCount: number
  admittedCount: number
  capacity: number
  ratePerSecond: number | null
  paused: boolean
}

export const queueFields = 'waitingCount admittedCount capacity ratePerSecond paused'

export const updateQueue = (user: TestUser, input: object) =>
  user.send<{ updateQueue: Queue }>(
    `mutation ($input: UpdateQueueInput!) { updateQueue(input: $input) { ${queueFields} } }`,
    { input },
  )

export async function cancel(
  user: TestUser,
  reservationId: string,
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { cancelReservation } = await user.request<{ cancelReservation: Result }>(
    `mutation ($input: CancelReservationInput!) {
      cancelReservation(input: $input) {
        __typename
        ... on Reservation { id status }
        ... on HoldExpired { heldUntil }
        ... on AlreadyPaid { paymentId }
        ... on Refusal { message }
      }
    }`,
    { input: { reservationId, idempotencyKey } },
  )
  return cancelReservation
}

export interface Seat {
  number: number
  status: 'AVAILABLE' | 'HELD' | 'SOLD'
}

export const statusSubscription = `subscription { queueStatus { ${statusFields} } }`
export const seatSubscription = `subscription ($id: ID!) {
  seatChanges(performanceId: $id) { performanceId snapshot seats { number price status } }
}`
