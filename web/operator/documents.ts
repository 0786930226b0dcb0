/** What the operators' page asks of the API. */
import { graphql } from '../shared/graphql.ts'

export const Concerts = graphql(`
  query OperatorConcerts($before: String) {
    concerts(last: 10, before: $before) {
      pageInfo {
        hasPreviousPage
        startCursor
      }
      edges {
        node {
          id
          title
          queue {
            capacity
            ratePerSecond
            paused
          }
        }
      }
    }
  }
`)

export const AuditLog = graphql(`
  query AuditLog($after: String) {
    operatorActions(first: 20, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          at
          operatorId
          action
          userId
          concert {
            title
          }
          changes {
            name
            before
            after
          }
        }
      }
    }
  }
`)

export const History = graphql(`
  query History($concertId: ID!) {
    concertHistory(concertId: $concertId) {
      at
      waiting
      admitted
      admissionsPerSecond
      sold
      held
      free
      pointsTaken
    }
  }
`)

export const WatchStats = graphql(`
  subscription WatchStats($concertId: ID!) {
    figureChanges(concertId: $concertId) {
      at
      issued
      waiting
      admitted
      finished
      lapsed
      admissionsPerSecond
      sold
      held
      free
      oversold
      pointsTaken
      settings {
        capacity
        ratePerSecond
        paused
      }
    }
  }
`)

export const Forecast = graphql(`
  query Forecast($concertId: ID!, $capacity: Int, $ratePerSecond: Float, $paused: Boolean) {
    queueForecast(
      concertId: $concertId
      capacity: $capacity
      ratePerSecond: $ratePerSecond
      paused: $paused
    ) {
      waiting
      admissionsPerSecond
      seconds
    }
  }
`)

export const UpdateQueue = graphql(`
  mutation UpdateQueue($input: UpdateQueueInput!) {
    updateQueue(input: $input) {
      capacity
      ratePerSecond
      paused
    }
  }
`)

export const CreateConcert = graphql(`
  mutation CreateConcert($input: CreateConcertInput!) {
    createConcert(input: $input) {
      __typename
      ... on Refusal {
        message
      }
    }
  }
`)

const foundBuyer = graphql(`
  fragment FoundBuyer on Buyer {
    user {
      id
      name
      points {
        balance
      }
    }
    tickets {
      concert {
        title
      }
      number
      status {
        __typename
        ... on Waiting {
          position
        }
      }
    }
    reservations(last: 20) {
      edges {
        node {
          id
          status
          price
          seats {
            number
          }
          performance {
            startsAt
            concert {
              title
            }
          }
          payment {
            amount
            paidAt
          }
        }
      }
    }
  }
`)

export const FindBuyer = graphql(
  `
    query FindBuyer($userId: ID, $reservationId: ID) {
      buyer(userId: $userId, reservationId: $reservationId) {
        ...FoundBuyer
      }
    }
  `,
  [foundBuyer],
)

export const FindByCode = graphql(
  `
    query FindByCode($bookingCode: String!) {
      buyersByBookingCode(bookingCode: $bookingCode) {
        ...FoundBuyer
      }
    }
  `,
  [foundBuyer],
)
