/**
 * The documents of an app that sells seats, typed by gql.tada. Relay's compiler wants every name to begin with that of its
 * module, and to end with the kind of operation.
 */
import { graphql } from '../../client/graphql.ts'

const ticket = graphql(`
  fragment Buyer_ticket on QueueTicket {
    id
    token
    userId
    concert {
      id
    }
    status {
      __typename
      ... on Waiting {
        position
        paused
      }
      ... on Admitted {
        until
      }
      ... on Finished {
        at
      }
      ... on Lapsed {
        reason
      }
    }
  }
`)

const reservation = graphql(`
  fragment Buyer_reservation on Reservation {
    id
    price
    status
    heldUntil
    performance {
      id
    }
    seats {
      id
      number
      price
      status
    }
    payment {
      id
      amount
      paidAt
    }
  }
`)

/** What anybody may see of a concert. */
export const concertQuery = graphql(`
  query BuyerConcertQuery($id: ID!) {
    concert(id: $id) {
      id
      title
      queue {
        id
        waitingCount
        admittedCount
        capacity
        ratePerSecond
        paused
      }
      performances {
        id
        startsAt
        seatCount
        availableSeatCount
      }
    }
  }
`)

export const accountQuery = graphql(`
  query BuyerAccountQuery {
    me {
      id
      name
      points {
        id
        balance
      }
    }
  }
`)

export const reservationsQuery = graphql(
  `
    query BuyerReservationsQuery {
      reservations(first: 10) {
        edges {
          __typename
          node {
            ...Buyer_reservation
          }
        }
      }
    }
  `,
  [reservation],
)

export const ticketQuery = graphql(
  `
    query BuyerTicketQuery($token: String!) {
      queueTicket(token: $token) {
        ...Buyer_ticket
      }
    }
  `,
  [ticket],
)

/**
 * The seats of a date: needs an admitted ticket, or an operator's token. `status: null` for every seat is a variable, because
 * Relay's compiler leaves out a literal null.
 */
export const seatsQuery = graphql(`
  query BuyerSeatsQuery($performanceId: ID!, $status: SeatStatus) {
    performance(id: $performanceId) {
      id
      seats(status: $status) {
        id
        number
        price
        status
      }
    }
  }
`)

/** Counts that other buyers change, read through the objects' own ids. They are public. */
export const refreshQuery = graphql(`
  query BuyerRefreshQuery($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      id
      ... on Queue {
        waitingCount
        admittedCount
      }
      ... on Performance {
        availableSeatCount
      }
    }
  }
`)

export const joinMutation = graphql(
  `
    mutation BuyerJoinMutation($input: IssueQueueTokenInput!) {
      issueQueueToken(input: $input) {
        __typename
        ... on IssueQueueTokenPayload {
          ticket {
            ...Buyer_ticket
          }
        }
        ... on Refusal {
          message
        }
      }
    }
  `,
  [ticket],
)

export const ticketSubscription = graphql(
  `
    subscription BuyerTicketSubscription($token: String!) {
      queueTicketChanges(token: $token) {
        ...Buyer_ticket
      }
    }
  `,
  [ticket],
)

export const performancesQuery = graphql(`
  query BuyerPerformancesQuery($concertId: ID!) {
    performances(concertId: $concertId) {
      id
      startsAt
      availableSeatCount
    }
  }
`)

export const seatsSubscription = graphql(`
  subscription BuyerSeatsSubscription($performanceId: ID!, $token: String!) {
    seatChanges(performanceId: $performanceId, token: $token) {
      snapshot
      performance {
        id
      }
      seats {
        id
        number
        price
        status
      }
    }
  }
`)

export const holdMutation = graphql(
  `
    mutation BuyerHoldMutation($input: HoldSeatsInput!) {
      holdSeats(input: $input) {
        __typename
        ... on HoldSeatsPayload {
          reservation {
            ...Buyer_reservation
          }
        }
        ... on SeatTaken {
          seatNumbers
        }
        ... on Refusal {
          message
        }
      }
    }
  `,
  [reservation],
)

export const chargeMutation = graphql(`
  mutation BuyerChargeMutation($input: ChargePointsInput!) {
    chargePoints(input: $input) {
      __typename
      ... on ChargePointsPayload {
        account {
          id
          balance
        }
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const payMutation = graphql(
  `
    mutation BuyerPayMutation($input: PayReservationInput!) {
      payReservation(input: $input) {
        __typename
        ... on PayReservationPayload {
          payment {
            id
            reservation {
              ...Buyer_reservation
            }
          }
          account {
            id
            balance
          }
        }
        ... on InsufficientPoints {
          balance
          price
        }
        ... on Refusal {
          message
        }
      }
    }
  `,
  [reservation],
)
