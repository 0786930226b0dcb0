/** Loads every part of the schema, and builds it. */
import { filterSchema } from '@graphql-tools/utils'
import { lexicographicSortSchema, type GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'
import './scalars.ts'
import './refusals.ts'
import './queue.ts'
import './catalog.ts'
import './reservations.ts'
import './payments.ts'
import './points.ts'
import './users.ts'
import './stats.ts'
import './operators.ts'
import { recordRefusals } from './record-refusals.ts'

const complete = recordRefusals(lexicographicSortSchema(builder.toSchema()))

/**
 * The schema of this API.
 * @param options.signUp does the server issue identities itself?
 */
export const createSchema = ({ signUp }: { signUp: boolean }): GraphQLSchema =>
  signUp
    ? complete
    : filterSchema({ schema: complete, rootFieldFilter: (_, fieldName) => fieldName !== 'signUp' })
