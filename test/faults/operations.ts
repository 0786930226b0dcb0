/** What buyers and operators ask of the API, in the words of the schema. */

const status = `__typename
  ... on Waiting { position } ... on Admitted { until } ... on Finished { at } ... on Lapsed { reason }`
const ticket = `userId concertId token status { ${status} }`
const reservation = `... on Reservation { id price heldUntil seats { number } }`
const refusal = `... on Refusal { message }`

/** One document for each operation; its name is also that of the field, but for aliases. */
export const documents = {
  issueQueueToken: `mutation ($input: IssueQueueTokenInput!) {
    issueQueueToken(input: $input) { __typename ... on QueueTicket { ${ticket} } ${refusal} } }`,
  queueTicket: `query ($token: String) { queueTicket(token: $token) { ${ticket} } }`,
  leaveQueue: `mutation ($input: LeaveQueueInput!) { leaveQueue(input: $input) { ${ticket} } }`,
  performances: `query ($concertId: ID!) {
    performances(concertId: $concertId, bookableOnly: false) { id seats(status: null) { number status } } }`,
  holdSeats: `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename ${reservation}
    ... on SeatTaken { seatNumbers } ... on SeatNotFound { seatNumbers } ... on SeatLimitExceeded { limit } ${refusal} } }`,
  cancelReservation: `mutation ($input: CancelReservationInput!) { cancelReservation(input: $input) { __typename
    ${reservation} ... on HoldExpired { heldUntil } ... on AlreadyPaid { paymentId } ${refusal} } }`,
  payReservation: `mutation ($input: PayReservationInput!) { payReservation(input: $input) { __typename
    ... on Payment { id amount paidAt reservation { id } } ... on HoldExpired { heldUntil }
    ... on AlreadyPaid { paymentId } ... on InsufficientPoints { balance price } ${refusal} } }`,
  chargePoints: `mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { __typename
    ... on PointAccount { balance userId } ... on BalanceLimitExceeded { limit } ${refusal} } }`,
  reservation: `query ($id: ID!) { reservation(id: $id) { id status price payment { id } } }`,
  node: `query ($id: ID!) { node(id: $id) { id } }`,
  points: `query ($userId: ID) { points(userId: $userId) { balance userId } }`,
  updateQueue: `mutation ($input: UpdateQueueInput!) { updateQueue(input: $input) { capacity paused } }`,
  createConcert: `mutation ($input: CreateConcertInput!) {
    createConcert(input: $input) { __typename ... on Concert { id } ${refusal} } }`,
} as const

export type Op = keyof typeof documents

/** Those that take an idempotency key. */
export const idempotentOperations: ReadonlySet<Op> = new Set<Op>([
  'holdSeats',
  'cancelReservation',
  'payReservation',
  'chargePoints',
])

export const statusSubscription = `subscription { queueStatus { ${status} } }`
