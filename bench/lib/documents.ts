/** The measured operations. They select little: the API is measured, not the size of its responses. A refusal is `{}`. */
export const documents = {
  join: 'mutation ($input: IssueQueueTokenInput!) { issueQueueToken(input: $input) { ... on IssueQueueTokenPayload { ticket { token status { __typename } } } } }',
  status: '{ queueTicket { status { __typename } } }',
  dates: 'query ($id: ID!) { performances(concertId: $id) { id startsAt availableSeatCount } }',
  seats: 'query ($id: ID!) { performance(id: $id) { seats { number status price } } }',
  hold: 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on HoldSeatsPayload { reservation { id price heldUntil } } } }',
  charge:
    'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { ... on ChargePointsPayload { account { balance } } } }',
  pay: 'mutation ($input: PayReservationInput!) { payReservation(input: $input) { ... on PayReservationPayload { payment { id amount } } } }',
  balance: '{ points { balance } }',
  reservations: '{ reservations(first: 20) { edges { node { id status price } } } }',
  ticketChanges:
    'subscription { queueTicketChanges { status { __typename ... on Waiting { position estimatedWaitSeconds } } } }',
} as const

/** Whether the body of a response has an error or a refusal. */
export const isRefused = (body: string): boolean => /"errors"|\{\}/.test(body)

/** The first id in the body of a response. */
export const idIn = (body: string): string | undefined => /"id":"([^"]+)"/.exec(body)?.[1]

/** The queue token in the body of a response. */
export const tokenIn = (body: string): string | undefined => /"token":"([^"]+)"/.exec(body)?.[1]
