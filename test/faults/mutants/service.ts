/** Bugs in who may do what, in responses, and in how a server reports on itself and recovers. */
import type { Mutant } from './types.ts'

export const serviceMutants: readonly Mutant[] = [
  {
    name: 'a hold does not need an admission',
    edits: [{ find: "admitted: $status.kind === 'Admitted'", replace: 'admitted: true' }],
    expect: [5],
    seconds: 20,
  },
  {
    name: 'a lapsed admission still holds seats',
    edits: [
      {
        find: "admitted: $status.kind === 'Admitted'",
        replace: "admitted: $status.kind === 'Admitted' || $status.kind === 'Lapsed'",
      },
      // Admissions are not extended for a hold, so that some lapse before it.
      { find: 'HOLDING_MS_MAX = 10_000', replace: 'HOLDING_MS_MAX = 0' },
    ],
    expect: [5],
    seconds: 30,
  },
  {
    name: 'a ticket is not bound to its user',
    edits: [{ find: 'if ($ticket.userId !== $userId) {', replace: 'if ($ticket.number < 0) {' }],
    expect: [15],
  },
  {
    name: "any user may read another user's data",
    edits: [
      {
        find: "$viewer.role === 'operator' || $viewer.userId === $ownerId",
        replace: "$viewer.role === 'operator' || $ownerId !== ''",
      },
    ],
    expect: [15],
  },
  {
    name: 'loaders outlive their operation',
    edits: [
      {
        find: '=> (): Loaders => new Loaders($db, $queue)',
        replace: '=> { const kept = new Loaders($db, $queue); return (): Loaders => kept }',
      },
    ],
    expect: [11, 13],
  },
  {
    name: 'undelivered events are deleted',
    edits: [
      {
        find: "$results[$index]?.status === 'fulfilled' ? [$id] : []",
        replace: '$results[$index] ? [$id] : []',
      },
    ],
    expect: [12],
    faults: ['link to Redis half-open', 'link to Redis refusing'],
    seconds: 40,
    finalChecks: true,
  },
  {
    name: 'the end of a hold after a payment does not spend the ticket',
    edits: [
      {
        file: '/end_hold.sql',
        find: 'spend_ticket(p_reservation.user_id, p_reservation.concert_id, p_reservation.ticket_number, p_at)',
        replace: 'false',
      },
    ],
    expect: [25],
    seconds: 40,
  },
  {
    name: 'an unavailable store is answered with HTTP 503',
    edits: [
      {
        file: '/mask-errors.ts',
        find: ': { $code, $retryAfterSeconds }',
        replace: ': { $code, $retryAfterSeconds, http: { status: 503 } }',
      },
    ],
    expect: [16],
    faults: ['link to Redis refusing', 'Redis paused'],
    seconds: 25,
  },
  {
    name: 'a full disk is reported as a bug',
    edits: [{ file: '/errors.ts', find: "'53',", replace: "'53300'," }],
    expect: [16],
    faults: ['PostgreSQL disk full'],
    seconds: 20,
  },
  {
    name: 'at most three Redis calls at a time',
    edits: [{ file: '/redis/connection.ts', find: 'callsMax = 10_000', replace: 'callsMax = 3' }],
    expect: [17],
  },
  {
    name: 'connections to a former primary of Redis are kept',
    edits: [{ find: 'if (isFromReplica($error)) [redis, subscriber].forEach(reconnect)', replace: '' }],
    expect: [17],
    faults: ['Redis switched over'],
    seconds: 40,
  },
  {
    name: 'readiness depends on the stores',
    edits: [
      {
        file: '/health.ts',
        find: '(_, response) => isDraining() ?',
        replace:
          'async (_, response) => isDraining() || !Object.values(await report()).every(({ write }) => write) ?',
      },
    ],
    expect: [28],
    faults: ['Redis killed', 'PostgreSQL stopped'],
    seconds: 25,
  },
  {
    name: 'a store that only reads is reported as writable',
    edits: [
      {
        file: '/domain/health.ts',
        find: "write: $write.status === 'fulfilled'",
        replace: "write: read.status === 'fulfilled'",
      },
    ],
    expect: [28],
    faults: ['Redis out of memory'],
    seconds: 30,
  },
]
