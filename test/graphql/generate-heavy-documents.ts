/** Documents that ask for as much as the limits allow, or for a little more: the same seed gives the same. */
import { getIntrospectionQuery } from 'graphql'
import type { GeneratedDocument, Random } from './generate-documents.ts'

export interface Sales {
  /** A concert with several dates of 10,000 seats, one of its dates, and the caller's ticket for it. */
  large: { concertId: string; performanceId: string; token: string }
  /** A concert with as many dates as there can be. */
  long: { concertId: string; performanceId: string; token: string }
}

export interface HeavyDocument extends GeneratedDocument {
  token: string
}

const SEAT_FIELDS = ['number', 'price', 'status', '__typename']
const QUEUE = 'queue { waitingCount admittedCount capacity ratePerSecond paused }'
const DATE_FIELDS = ['id', 'startsAt', 'seatCount', 'availableSeatCount', `concert { id title ${QUEUE} }`]
const STATUSES = ['AVAILABLE', 'SOLD', 'HELD', 'null']

const list = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

export function generateHeavy(random: Random, { large, long }: Sales): HeavyDocument {
  const seatFields = (max: number): string =>
    list(1 + random.int(max), (i) => `${i < 4 ? '' : `f${i}: `}${SEAT_FIELDS[i % 4]}`)
  const seats = (max: number): string =>
    list(1 + random.int(6), (i) => `s${i}: seats(status: ${random.pick(STATUSES)}) { ${seatFields(max)} }`)
  const dateFields = (): string => list(1 + random.int(5), (i) => DATE_FIELDS[i] ?? '')

  const shapes: (() => { query: string; token: string; variables?: Record<string, unknown> })[] = [
    () => ({
      query: `{ performance(id: "${large.performanceId}") { ${dateFields()} ${seats(8)} } }`,
      token: large.token,
    }),
    // The same operation again is compiled.
    () => ({
      query: `query ($id: ID!) { performance(id: $id) { seats(status: AVAILABLE) { ${seatFields(8)} } me: concert { title } } }`,
      variables: { id: large.performanceId },
      token: large.token,
    }),
    // It fails beside a long list, and is executed again.
    () => ({
      query: `query ($id: ID!, $no: ID!) { performance(id: $id) { seats { ${seatFields(4)} } } b: reservation(id: $no) { id } }`,
      variables: { id: large.performanceId, no: 'x' },
      token: large.token,
    }),
    () => ({
      query: `{ performances(concertId: "${large.concertId}") { ${dateFields()} seats(status: ${random.pick(STATUSES)}) { ${seatFields(5)} } } }`,
      token: large.token,
    }),
    () => ({
      query: `{ ${list(1 + random.int(16), (i) => `d${i}: performances(concertId: "${long.concertId}") { ${dateFields()} ...D }`)} }
        fragment D on Performance { seatCount ${random.chance(0.5) ? 'seats { number status }' : 'id'} }`,
      token: long.token,
    }),
    () => ({
      query: `{ ${list(1 + random.int(9), (i) => `c${i}: concerts(first: 100) { edges { cursor node { id title ${QUEUE} } } }`)} }`,
      token: long.token,
    }),
    () => ({ query: getIntrospectionQuery({ descriptions: random.chance(0.5) }), token: long.token }),
    () => ({
      query: `{ __schema { types { name ${list(random.int(10), (i) => `f${i}: fields { name description }`)} } } }`,
      token: long.token,
    }),
    // Many fields of the same name, which validation compares in pairs.
    () => ({
      query: `{ performance(id: "${long.performanceId}") { ${list(150 + random.int(60), (i) => (i % 2 ? '... { seatCount }' : '...D'))} } }
        fragment D on Performance { seatCount }`,
      token: long.token,
    }),
    () => ({
      query: `{ ...A0 } ${list(6, (i) => `fragment A${i} on Query { ...A${i + 1} ... { ...A${i + 1} } }`)}
        fragment A6 on Query { me { id name } concerts { edges { node { title } } } }`,
      token: long.token,
    }),
    () => ({
      query: list(150, (i) => `query Q${i} { me { id name } }`),
      token: long.token,
    }),
  ]
  const { query, token, variables = {} } = random.pick(shapes)()
  return { query, token, variables, operationName: query.startsWith('query Q0') ? 'Q0' : undefined }
}
