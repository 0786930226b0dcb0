import { GraphQLError, Kind, type ValueNode } from 'graphql'
import { DateTimeResolver } from 'graphql-scalars'
import { BALANCE_MAX } from '../domain/points.ts'
import { builder } from './builder.ts'

builder.addScalarType('DateTime', DateTimeResolver, {
  description: 'A moment, as RFC 3339 has it, in UTC: `2026-12-24T18:00:00.000Z`.',
})

function parsePoints(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new GraphQLError(`Points must be a whole number from 0 to ${BALANCE_MAX}.`)
}

builder.scalarType('Points', {
  description: `Points pay for seats: a whole number from 0 to ${BALANCE_MAX} (2^53 − 1), as a JSON number.`,
  serialize: parsePoints,
  parseValue: parsePoints,
  parseLiteral: (node: ValueNode) => parsePoints(node.kind === Kind.INT ? Number(node.value) : undefined),
})
