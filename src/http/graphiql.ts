/** GraphiQL. Its tabs are the operations of a purchase, in order: the files of client/operations. */
import { readFileSync } from 'node:fs'
import type { GraphiQLOptions } from 'graphql-yoga'
import type { OperationSettings } from '../resolvers/context.ts'

const OPERATIONS = new URL('../../client/operations/', import.meta.url)

const WELCOME = `# Welcome to Stagedoor. The tabs are a purchase, from left to right. "Headers" below has the access token of
# a new user, made for this page. Copy ids into "Variables", and the queue token into "Headers".

`

const CASHIERS = `# CHARGES_BY=cashiers: here points come from the venue's payment system, with a token whose role is "cashier"
# and the id of the user who gets them.

`

const concertId = '<id of a concert>'
const performanceId = '<id of a performance>'

interface Tab {
  file: string
  variables: object
  /** Set before the operation, as a comment. */
  note?: string
}

const tabsOf = (chargesBy: OperationSettings['chargesBy']): Tab[] => [
  { file: 'concerts', variables: { last: 5 }, note: WELCOME },
  { file: 'issue-queue-token', variables: { input: { concertId } } },
  { file: 'queue-ticket-changes', variables: {} },
  { file: 'performances', variables: { concertId } },
  { file: 'seat-changes', variables: { performanceId } },
  {
    file: 'hold-seats',
    variables: { input: { performanceId, seatNumbers: [7, 8], idempotencyKey: 'hold-1' } },
  },
  chargesBy === 'buyers'
    ? { file: 'charge-points', variables: { input: { amount: 200_000, idempotencyKey: 'charge-1' } } }
    : {
        file: 'charge-points',
        variables: { input: { userId: '<id of a user>', amount: 200_000, idempotencyKey: 'charge-1' } },
        note: CASHIERS,
      },
  {
    file: 'pay-reservation',
    variables: { input: { reservationId: '<id of the reservation>', idempotencyKey: 'pay-1' } },
  },
]

/** @param accessToken of a new user, where the server issues tokens itself */
export function graphiqlOptions(
  chargesBy: OperationSettings['chargesBy'],
  accessToken = '<your access token>',
): GraphiQLOptions {
  const headers = JSON.stringify(
    { Authorization: `Bearer ${accessToken}`, 'X-Queue-Token': '<the token of IssueQueueToken>' },
    null,
    2,
  )
  return {
    title: 'Stagedoor',
    subscriptionsProtocol: 'WS',
    defaultHeaders: headers,
    shouldPersistHeaders: true,
    isHeadersEditorEnabled: true,
    defaultEditorToolsVisibility: 'variables',
    defaultTabs: tabsOf(chargesBy).map(({ file, variables, note = '' }) => ({
      query: note + readFileSync(new URL(`${file}.graphql`, OPERATIONS), 'utf8'),
      variables: JSON.stringify(variables, null, 2),
      headers,
    })),
  }
}
