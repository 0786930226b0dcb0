/** What the buyer's page asks of the API. */
import { graphql } from '../shared/graphql.ts'

export const Concerts = graphql(`
  query Concerts {
    concerts(last: 100) {
      edges {
        node {
          id
          title
          queue {
            waitingCount
          }
        }
      }
    }
  }
`)

export const Concert = graphql(`
  query Concert($concertId: ID!) {
    concert(id: $concertId) {
      id
      title
    }
  }
`)

export const SignUp = graphql(`
  mutation SignUp($name: String!) {
    signUp(input: { name: $name }) {
      accessToken
    }
  }
`)

export const Join = graphql(`
  mutation Join($concertId: ID!) {
    issueQueueToken(input: { concertId: $concertId }) {
      __typename
      ... on QueueTicket {
        token
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const Leave = graphql(`
  mutation Leave($token: String!) {
    leaveQueue(input: { token: $token }) {
      concertId
    }
  }
`)

export const Heartbeat = graphql(`
  query Heartbeat($token: String!) {
    queueTicket(token: $token) {
      userId
    }
  }
`)

export const WatchTicket = graphql(`
  subscription WatchTicket($token: String!) {
    queueStatus(token: $token) {
      __typename
      ... on Waiting {
        position
        estimatedWaitSeconds
        paused
      }
      ... on Admitted {
        until
      }
      ... on Lapsed {
        reason
      }
    }
  }
`)

export const Dates = graphql(`
  query Dates($concertId: ID!) {
    performances(concertId: $concertId, bookableOnly: false) {
      id
      startsAt
      seatCount
      availableSeatCount
    }
  }
`)

export const WatchSeats = graphql(`
  subscription WatchSeats($performanceId: ID!) {
    seatChanges(performanceId: $performanceId) {
      snapshot
      seats {
        number
        price
        status
      }
    }
  }
`)

const bought = graphql(`
  fragment Bought on Reservation {
    id
    status
    price
    heldUntil
    seats {
      number
    }
    performance {
      id
      startsAt
      concert {
        id
        title
      }
    }
  }
`)

/** What is held, and the newest of all, which may just have lapsed. */
export const Holds = graphql(
  `
    query Holds {
      chargesBy
      me {
        points {
          balance
        }
      }
      held: reservations(last: 20, status: [HELD]) {
        edges {
          node {
            ...Bought
          }
        }
      }
      newest: reservations(last: 1) {
        edges {
          node {
            ...Bought
          }
        }
      }
    }
  `,
  [bought],
)

/** What is paid for, the newest page first, however much was let go of since. */
export const Tickets = graphql(
  `
    query Tickets($before: String) {
      reservations(last: 50, before: $before, status: [PAID]) {
        pageInfo {
          hasPreviousPage
          startCursor
        }
        edges {
          node {
            ...Bought
          }
        }
      }
    }
  `,
  [bought],
)

export const Hold = graphql(`
  mutation Hold($input: HoldSeatsInput!) {
    holdSeats(input: $input) {
      __typename
      ... on Reservation {
        status
        heldUntil
      }
      ... on SeatTaken {
        seatNumbers
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const Cancel = graphql(`
  mutation Cancel($input: CancelReservationInput!) {
    cancelReservation(input: $input) {
      __typename
      ... on Refusal {
        message
      }
    }
  }
`)

export const Charge = graphql(`
  mutation Charge($input: ChargePointsInput!) {
    chargePoints(input: $input) {
      __typename
      ... on Refusal {
        message
      }
    }
  }
`)

export const Pay = graphql(`
  mutation Pay($input: PayReservationInput!) {
    payReservation(input: $input) {
      __typename
      ... on Refusal {
        message
      }
    }
  }
`)
