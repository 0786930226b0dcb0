/** What the simulated buyers and their operator ask of the API, in the words of the schema. */

const status = '__typename ... on Admitted { until }'
const refusal = '... on Refusal { message }'

/** One document for each operation; its name is also that of the field. */
export const documents = {
  signUp: 'mutation ($input: SignUpInput!) { signUp(input: $input) { accessToken } }',
  issueQueueToken: `mutation ($input: IssueQueueTokenInput!) { issueQueueToken(input: $input) {
    __typename ... on QueueTicket { token status { ${status} } } ${refusal} } }`,
  leaveQueue: 'mutation ($input: LeaveQueueInput!) { leaveQueue(input: $input) { concertId } }',
  performances: `query ($concertId: ID!) {
    performances(concertId: $concertId) { id availableSeatCount } }`,
  performance: 'query ($id: ID!) { performance(id: $id) { seats { number } } }',
  holdSeats: `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) {
    __typename ... on Reservation { id price } ${refusal} } }`,
  cancelReservation: `mutation ($input: CancelReservationInput!) { cancelReservation(input: $input) {
    __typename ${refusal} } }`,
  chargePoints: `mutation ($input: ChargePointsInput!) { chargePoints(input: $input) {
    __typename ${refusal} } }`,
  payReservation: `mutation ($input: PayReservationInput!) { payReservation(input: $input) {
    __typename ${refusal} } }`,
  reservation: `query ($id: ID!) {
    reservation(id: $id) { status performance { id } seats { number } } }`,
  concert: `query ($id: ID!) {
    concert(id: $id) { queue { waitingCount admittedCount capacity } } }`,
  createConcert: `mutation ($input: CreateConcertInput!) { createConcert(input: $input) {
    __typename ... on Concert { id } ${refusal} } }`,
} as const

export type Operation = keyof typeof documents

export interface Status {
  __typename: 'Waiting' | 'Admitted' | 'Finished' | 'Lapsed'
  /** Of Admitted: when the turn ends (RFC 3339). */
  until?: string
}

export const statusSubscription = `subscription { queueStatus { ${status} } }`
