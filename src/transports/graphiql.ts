/** GraphiQL, opened with a purchase to walk through. */
import type { GraphiQLOptions } from 'graphql-yoga'

const headers = JSON.stringify({ Authorization: 'Bearer <accessToken>', 'X-Queue-Token': '<token>' }, null, 2)

const tab = (query: string, variables: object = {}) => ({
  query: query.trim() + '\n',
  variables: JSON.stringify(variables, null, 2),
  headers,
})

const start = `
# Welcome to Stagedoor: from the crowd to a seat, one tab a step.
# Every type, field and argument is described: see the docs on the left.
#
# 1. Sign up. Copy the accessToken into the headers of each tab (below, "Headers").
#    npm run dev prints one as well.
mutation SignUp {
  signUp(input: { name: "Minji" }) { accessToken user { id } }
}

query Concerts {
  concerts(first: 5) { edges { node { id title queue { waitingCount admittedCount capacity paused } } } }
}
`

const join = `
# 2. Join the line. Copy the token into the headers as X-Queue-Token.
mutation Join($concertId: ID!) {
  issueQueueToken(input: { concertId: $concertId }) {
    ... on QueueTicket { token status { __typename ... on Waiting { position estimatedWaitSeconds } ... on Admitted { until } } }
    ... on Refusal { message }
  }
}

# Your place, pushed as it moves. It needs X-Queue-Token.
subscription Watch {
  queueStatus {
    __typename
    ... on Waiting { position estimatedWaitSeconds paused }
    ... on Admitted { until }
    ... on Finished { at }
    ... on Lapsed { reason }
  }
}
`

const choose = `
# 3. Admitted: the dates, and the free seats of each.
query Dates($concertId: ID!) {
  performances(concertId: $concertId) { id startsAt availableSeatCount seats { number price } }
}

# The seats of one date, live.
subscription Seats($performanceId: ID!) {
  seatChanges(performanceId: $performanceId) { snapshot seats { number status price } }
}
`

const hold = `
# 4. Hold seats: yours alone for about five minutes. A new intent takes a new key.
mutation Hold($performanceId: ID!) {
  holdSeats(input: { performanceId: $performanceId, seatNumbers: [7, 8], idempotencyKey: "hold-1" }) {
    __typename
    ... on Reservation { id price heldUntil seats { number } }
    ... on SeatTaken { message seatNumbers }
    ... on Refusal { message }
  }
}
`

const pay = `
# 5. Charge points, and pay.
mutation Charge {
  chargePoints(input: { amount: 200000, idempotencyKey: "charge-1" }) {
    ... on PointAccount { balance }
    ... on Refusal { message }
  }
}

mutation Pay($reservationId: ID!) {
  payReservation(input: { reservationId: $reservationId, idempotencyKey: "pay-1" }) {
    __typename
    ... on Payment { id amount paidAt reservation { status seats { number status } } }
    ... on Refusal { message }
  }
}
`

export const graphiqlOptions: GraphiQLOptions = {
  title: 'Stagedoor',
  subscriptionsProtocol: 'WS',
  defaultHeaders: headers,
  shouldPersistHeaders: true,
  isHeadersEditorEnabled: true,
  defaultEditorToolsVisibility: 'headers',
  defaultTabs: [
    tab(start),
    tab(join, { concertId: '' }),
    tab(choose, { concertId: '', performanceId: '' }),
    tab(hold, { performanceId: '' }),
    tab(pay, { reservationId: '' }),
  ],
}
