/** Loads every part of the schema, and builds it. */
import { filterSchema } from '@graphql-tools/utils'
import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'
import './scalars.ts'
import './refusals.ts'
import './nodes.ts'
import './queue.ts'
import './concerts.ts'
import './performances.ts'
import './seats.ts'
import './queue-tickets.ts'
import './points.ts'
import './users.ts'
import './payments.ts'
import './reservations.ts'
import './stats.ts'
import './buyers.ts'
import './audit-log.ts'
import { recordRefusals } from './record-refusals.ts'

const complete = recordRefusals(builder.toSchema())
complete.description = `Concert tickets. A buyer joins the queue of a concert, is admitted in the order of request, holds seats for a few minutes, and pays for them with points.

Send the access token as \`Authorization: Bearer …\`, and the queue token as \`X-Queue-Token\`. Over WebSocket both are members of the payload of \`connection_init\`.

Errors have a code in \`extensions.code\`. An outcome that the caller can act on is no error: it is a \`Refusal\` in the result union of the mutation.`

/**
 * The schema of this API.
 * @param options.signUp does the server issue identities itself?
 */
export const createSchema = ({ signUp }: { signUp: boolean }): GraphQLSchema =>
  signUp
    ? complete
    : filterSchema({ schema: complete, rootFieldFilter: (_, fieldName) => fieldName !== 'signUp' })
