/** Single operations, for tests that are about them. `purchase.ts` has the steps that every purchase takes. */
import { randomUUID } from 'node:crypto'
import type { GraphQLResponse, Credentials } from './client.ts'
import { statusFields, toResult, type Payload, type Result, type Status } from './purchase.ts'
import type { TestUser } from './server.ts'

/** The code of the first error; undefined: there was none. */
export const errorCodeOf = (answer: GraphQLResponse<unknown>): string | undefined =>
  answer.errors?.[0]?.extensions.code

export interface Ticket {
  token: string
  userId: string
  concert: { id: string }
  status: Status
}

const ticketFields = `id token userId concert { id } status { ${statusFields} }`

export const issueQueueToken = (user: TestUser, input: { concertId: string; userId?: string | null }) =>
  user.send<{ issueQueueToken: { __typename: string; ticket: Ticket; message: string } }>(
    `mutation ($input: IssueQueueTokenInput!) {
      issueQueueToken(input: $input) {
        __typename ... on IssueQueueTokenPayload { ticket { ${ticketFields} } } ... on Refusal { message }
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
  user.send<{ leaveQueue: { ticket: Ticket } }>(
    `mutation ($token: String!) { leaveQueue(input: { token: $token }) { ticket { ${ticketFields} } } }`,
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
  user.send<{ updateQueue: { queue: Queue } }>(
    `mutation ($input: UpdateQueueInput!) { updateQueue(input: $input) { queue { ${queueFields} } } }`,
    { input },
  )

export async function cancel(
  user: TestUser,
  reservationId: string,
  idempotencyKey: string = randomUUID(),
): Promise<Result> {
  const { cancelReservation } = await user.request<{ cancelReservation: Payload<'reservation'> }>(
    `mutation ($input: CancelReservationInput!) {
      cancelReservation(input: $input) {
        __typename
        ... on CancelReservationPayload { reservation { id status } }
        ... on HoldExpired { heldUntil }
        ... on AlreadyPaid { paymentId }
        ... on Refusal { message }
      }
    }`,
    { input: { reservationId, idempotencyKey } },
  )
  return toResult(cancelReservation, 'reservation')
}

export interface Seat {
  number: number
  status: 'AVAILABLE' | 'HELD' | 'SOLD'
}

export const statusSubscription = `subscription { queueTicketChanges { status { ${statusFields} } } }`
export const seatSubscription = `subscription ($id: ID!) {
  seatChanges(performanceId: $id) { performance { id availableSeatCount } snapshot seats { number price status } }
}`
