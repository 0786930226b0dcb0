/** What the operators' page asks of the API. */
import { graphql } from '../shared/graphql.ts'

export const Concerts = graphql(`
  query OperatorConcerts {
    concerts(last: 10) {
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
    operatorActions(first: 20) {
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

export const WatchFigures = graphql(`
  subscription WatchFigures($concertId: ID!) {
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

export const FindBuyer = graphql(`
  query FindBuyer($userId: ID!) {
    buyer(userId: $userId) {
      user {
        name
        points {
          balance
        }
      }
      tickets {
        concertId
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
  }
`)
