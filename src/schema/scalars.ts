import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql'
import { DateTimeResolver } from 'graphql-scalars'
import { BALANCE_MAX } from '../domain/points.ts'
import { builder } from './builder.ts'

/** The years that RFC 3339 can write and PostgreSQL can store, in UTC. */
const [EARLIEST, LATEST] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]

function inRange(moment: Date): Date {
  if (moment.getTime() >= EARLIEST && moment.getTime() <= LATEST) return moment
  throw new GraphQLError('DateTime must be from the year 1 to the year 9999, in UTC.')
}

builder.addScalarType(
  'DateTime',
  new GraphQLScalarType({
    ...DateTimeResolver.toConfig(),
    specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
    parseValue: (value) => inRange(DateTimeResolver.parseValue(value)),
    parseLiteral: (node, variables) => inRange(DateTimeResolver.parseLiteral(node, variables)),
  }),
  { description: 'A moment in UTC, in the format of RFC 3339: `2026-12-24T18:00:00.000Z`.' },
)

function parsePoints(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new GraphQLError(`Points must be a whole number from 0 to ${BALANCE_MAX}.`)
}

builder.scalarType('Points', {
  description: `Points, which pay for seats: a whole number from 0 to ${BALANCE_MAX} (2^53 − 1), as a JSON number.`,
  // The whole numbers that every JSON parser reads exactly.
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc7493#section-2.2',
  serialize: parsePoints,
  parseValue: parsePoints,
  parseLiteral: (node: ValueNode) => parsePoints(node.kind === Kind.INT ? Number(node.value) : undefined),
})
