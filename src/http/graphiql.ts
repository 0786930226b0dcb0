/** GraphiQL, opened with a purchase to walk through. */
import type { GraphiQLOptions } from 'graphql-yoga'
import type { OperationSettings } from '../resolvers/context.ts'

const join = `
# Welcome to Stagedoor: from the crowd to a seat.
# Every type and field is described: the docs, top left.
#
# "Headers" below say who you are: a new buyer, made for
# this page. Run 1 and 2, then go to the next tab.

# 1. What is on? Copy the id into "Variables".
query Concerts {
  concerts(first: 5) {
    edges {
      node {
        id
        title
        queue { waitingCount admittedCount capacity paused }
      }
    }
  }
}

# 2. Join the line. Copy the token: it is your place.
mutation Join($concertId: ID!) {
  issueQueueToken(input: { concertId: $concertId }) {
    ... on QueueTicket {
      token
      status {
        __typename
        ... on Waiting { position estimatedWaitSeconds }
        ... on Admitted { until }
      }
    }
    ... on Refusal { message }
  }
}
`

const buyers = `
# 6. Charge points. They need no place in line.
mutation Charge {
  chargePoints(
    input: { amount: 200000, idempotencyKey: "charge-1" }
  ) {
    ... on PointAccount { balance }
    ... on Refusal { message }
  }
}
`

const cashiers = `
# 6. Points come from the venue's payment system here
#    (CHARGES_BY=cashiers): with a token whose role is
#    "cashier", and the id of the user who gets them.
mutation Charge($userId: ID!) {
  chargePoints(
    input: { userId: $userId, amount: 200000, idempotencyKey: "charge-1" }
  ) {
    ... on PointAccount { balance }
    ... on Refusal { message }
  }
}
`

const buy = (charge: string) => `
# Paste the token into "Headers" as X-Queue-Token, and
# ids into "Variables" as you come by them.

# 3. Watch your place: pushed whenever it changes.
subscription Watch {
  queueStatus {
    __typename
    ... on Waiting { position estimatedWaitSeconds paused }
    ... on Admitted { until }
    ... on Finished { at }
    ... on Lapsed { reason }
  }
}

# 4. Admitted: the dates that can still be booked.
query Dates($concertId: ID!) {
  performances(concertId: $concertId) {
    id
    startsAt
    availableSeatCount
    seats { number price }
  }
}

# The seats of one date, live.
subscription Seats($performanceId: ID!) {
  seatChanges(performanceId: $performanceId) {
    snapshot
    seats { number status price }
  }
}

# 5. Hold seats: yours alone for five minutes.
#    A new intent takes a new idempotency key.
mutation Hold($performanceId: ID!) {
  holdSeats(
    input: {
      performanceId: $performanceId
      seatNumbers: [7, 8]
      idempotencyKey: "hold-1"
    }
  ) {
    __typename
    ... on Reservation { id price heldUntil }
    ... on Refusal { message }
  }
}

${charge.trim()}

# 7. Pay: the seats are yours, and the next is let in.
mutation Pay($reservationId: ID!) {
  payReservation(
    input: {
      reservationId: $reservationId
      idempotencyKey: "pay-1"
    }
  ) {
    __typename
    ... on Payment {
      amount
      paidAt
      reservation { status seats { number status } }
    }
    ... on Refusal { message }
  }
}
`

const tab = (query: string, variables: object, headers: object) => ({
  query: query.trim() + '\n',
  variables: JSON.stringify(variables, null, 2),
  headers: JSON.stringify(headers, null, 2),
})

/** @param accessToken for whoever opens the page; where others issue the tokens, they paste their own */
export function graphiqlOptions(
  chargesBy: OperationSettings['chargesBy'],
  accessToken = '<your access token>',
): GraphiQLOptions {
  const authorization = { Authorization: `Bearer ${accessToken}` }
  const headers = { ...authorization, 'X-Queue-Token': '<the token that Join gave you>' }
  return {
    title: 'Stagedoor',
    subscriptionsProtocol: 'WS',
    defaultHeaders: JSON.stringify(headers, null, 2),
    shouldPersistHeaders: true,
    isHeadersEditorEnabled: true,
    defaultEditorToolsVisibility: 'headers',
    defaultTabs: [
      tab(join, { concertId: '' }, authorization),
      chargesBy === 'buyers'
        ? tab(buy(buyers), { concertId: '', performanceId: '', reservationId: '' }, headers)
        : tab(buy(cashiers), { concertId: '', performanceId: '', userId: '', reservationId: '' }, headers),
    ],
  }
}
