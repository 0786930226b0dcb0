/** Written by npm run schema from operations/*.graphql: edit those. */
import { graphql } from './graphql.ts'

export const AuditLogDocument = graphql(`
  query AuditLog($first: Int = 20, $after: String) {
    auditLog(first: $first, after: $after) {
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
            id
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

export const BuyerFieldsDocument = graphql(`
  fragment BuyerFields on Buyer {
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

export const BuyerDocument = graphql(
  `
    query Buyer($userId: ID, $reservationId: ID) {
      buyer(userId: $userId, reservationId: $reservationId) {
        ...BuyerFields
      }
    }
  `,
  [BuyerFieldsDocument],
)

export const BuyersByBookingCodeDocument = graphql(
  `
    query BuyersByBookingCode($bookingCode: String!) {
      buyersByBookingCode(bookingCode: $bookingCode) {
        ...BuyerFields
      }
    }
  `,
  [BuyerFieldsDocument],
)

export const CancelReservationDocument = graphql(`
  mutation CancelReservation($input: CancelReservationInput!) {
    cancelReservation(input: $input) {
      __typename
      ... on CancelReservationPayload {
        reservation {
          id
          status
          seats {
            id
            number
            status
          }
        }
      }
      ... on HoldExpired {
        heldUntil
      }
      ... on AlreadyPaid {
        paymentId
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const ChargePointsDocument = graphql(`
  mutation ChargePoints($input: ChargePointsInput!) {
    chargePoints(input: $input) {
      __typename
      ... on ChargePointsPayload {
        account {
          id
          userId
          balance
        }
      }
      ... on BalanceLimitExceeded {
        limit
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const ConcertHistoryDocument = graphql(`
  query ConcertHistory($concertId: ID!) {
    concertHistory(concertId: $concertId) {
      at
      waiting
      admitted
      admissionsPerSecond
      sold
      held
      free
      revenue
    }
  }
`)

export const ConcertStatsChangesDocument = graphql(`
  subscription ConcertStatsChanges($concertId: ID!) {
    concertStatsChanges(concertId: $concertId) {
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
      revenue
      settings {
        capacity
        ratePerSecond
        paused
      }
    }
  }
`)

export const ConcertDocument = graphql(`
  query Concert($concertId: ID!) {
    concert(id: $concertId) {
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
        seatPrice
        seatCount
        availableSeatCount
      }
    }
  }
`)

export const ConcertsDocument = graphql(`
  query Concerts($last: Int = 100, $before: String) {
    concerts(last: $last, before: $before) {
      pageInfo {
        hasPreviousPage
        startCursor
      }
      edges {
        node {
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
        }
      }
    }
  }
`)

export const CreateConcertDocument = graphql(`
  mutation CreateConcert($input: CreateConcertInput!) {
    createConcert(input: $input) {
      __typename
      ... on CreateConcertPayload {
        concert {
          id
          title
          performances {
            id
            startsAt
          }
        }
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const HoldSeatsDocument = graphql(`
  mutation HoldSeats($input: HoldSeatsInput!) {
    holdSeats(input: $input) {
      __typename
      ... on HoldSeatsPayload {
        reservation {
          id
          status
          price
          heldUntil
          seats {
            id
            number
            status
          }
        }
      }
      ... on SeatTaken {
        seatNumbers
      }
      ... on SeatNotFound {
        seatNumbers
      }
      ... on SeatLimitExceeded {
        limit
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const IssueQueueTokenDocument = graphql(`
  mutation IssueQueueToken($input: IssueQueueTokenInput!) {
    issueQueueToken(input: $input) {
      __typename
      ... on IssueQueueTokenPayload {
        ticket {
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
              estimatedWaitSeconds
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
      }
      ... on Refusal {
        message
      }
    }
  }
`)

export const LeaveQueueDocument = graphql(`
  mutation LeaveQueue($input: LeaveQueueInput!) {
    leaveQueue(input: $input) {
      ticket {
        id
        status {
          __typename
          ... on Finished {
            at
          }
          ... on Lapsed {
            reason
          }
        }
      }
    }
  }
`)

export const PayReservationDocument = graphql(`
  mutation PayReservation($input: PayReservationInput!) {
    payReservation(input: $input) {
      __typename
      ... on PayReservationPayload {
        payment {
          id
          amount
          paidAt
          reservation {
            id
            status
            seats {
              id
              number
              status
            }
          }
        }
        account {
          id
          balance
        }
      }
      ... on HoldExpired {
        heldUntil
      }
      ... on AlreadyPaid {
        paymentId
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
`)

export const PerformanceDocument = graphql(`
  query Performance($performanceId: ID!, $status: SeatStatus = AVAILABLE) {
    performance(id: $performanceId) {
      id
      startsAt
      availableSeatCount
      seats(status: $status) {
        id
        number
        price
        status
      }
    }
  }
`)

export const PerformancesDocument = graphql(`
  query Performances($concertId: ID!, $bookableOnly: Boolean = true) {
    performances(concertId: $concertId, bookableOnly: $bookableOnly) {
      id
      startsAt
      seatPrice
      seatCount
      availableSeatCount
    }
  }
`)

export const PointsDocument = graphql(`
  query Points($userId: ID) {
    points(userId: $userId) {
      id
      userId
      balance
    }
  }
`)

export const ReservationFieldsDocument = graphql(`
  fragment ReservationFields on Reservation {
    id
    status
    price
    heldUntil
    seats {
      id
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

export const PurchasesDocument = graphql(
  `
    query Purchases {
      chargesBy
      me {
        id
        points {
          id
          balance
        }
      }
      held: reservations(last: 20, status: [HELD]) {
        edges {
          node {
            ...ReservationFields
          }
        }
      }
      newest: reservations(last: 1) {
        edges {
          node {
            ...ReservationFields
          }
        }
      }
    }
  `,
  [ReservationFieldsDocument],
)

export const QueueForecastDocument = graphql(`
  query QueueForecast($concertId: ID!, $capacity: Int, $ratePerSecond: Float, $paused: Boolean) {
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

export const QueueTicketChangesDocument = graphql(`
  subscription QueueTicketChanges($token: String) {
    queueTicketChanges(token: $token) {
      id
      status {
        __typename
        ... on Waiting {
          position
          estimatedWaitSeconds
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
  }
`)

export const QueueTicketDocument = graphql(`
  query QueueTicket($token: String) {
    queueTicket(token: $token) {
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
          estimatedWaitSeconds
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
  }
`)

export const ReservationDocument = graphql(`
  query Reservation($id: ID!) {
    reservation(id: $id) {
      id
      status
      price
      heldUntil
      performance {
        id
      }
      seats {
        id
        number
      }
      payment {
        id
        amount
        paidAt
      }
    }
  }
`)

export const ReservationsDocument = graphql(
  `
    query Reservations($last: Int = 50, $before: String, $status: [ReservationStatus!]) {
      reservations(last: $last, before: $before, status: $status) {
        pageInfo {
          hasPreviousPage
          startCursor
        }
        edges {
          node {
            ...ReservationFields
          }
        }
      }
    }
  `,
  [ReservationFieldsDocument],
)

export const SeatChangesDocument = graphql(`
  subscription SeatChanges($performanceId: ID!, $token: String) {
    seatChanges(performanceId: $performanceId, token: $token) {
      snapshot
      seats {
        id
        number
        price
        status
      }
    }
  }
`)

export const SignUpDocument = graphql(`
  mutation SignUp($input: SignUpInput!) {
    signUp(input: $input) {
      accessToken
      user {
        id
        name
      }
    }
  }
`)

export const UpdateQueueDocument = graphql(`
  mutation UpdateQueue($input: UpdateQueueInput!) {
    updateQueue(input: $input) {
      queue {
        id
        capacity
        ratePerSecond
        paused
      }
    }
  }
`)
