/** Bugs in how long turns last, in what a server says of itself, and in how it gets over a switchover. */
import type { Mutant } from './types.ts'

export const serviceMutants: readonly Mutant[] = [
  {
    name: 'a turn begins anew with every use',
    edits: [
      {
        file: 'src/queue/lua/use.lua',
        find: 'use ~= UNUSED and turn_end(user, number) or begin_turn(user, number, turn_ms)',
        replace: 'begin_turn(user, number, turn_ms)',
      },
      {
        file: 'src/db/sql/hold_seats.sql',
        find: 'coalesce(v_first_held_at, v_at) + p_turn_ms',
        replace: 'v_at + p_turn_ms',
      },
    ],
    expect: [25],
    seconds: 50,
  },
  {
    name: 'a hold that ends after a payment does not spend the ticket',
    edits: [
      {
        file: 'src/db/sql/end_hold.sql',
        find: 'spend_ticket(\n      p_reservation.user_id, p_reservation.concert_id, p_reservation.ticket_number, p_at)',
        replace: 'false',
      },
    ],
    expect: [25],
    seconds: 40,
  },
  {
    name: 'presence is looked for in the buckets of one grace period',
    edits: [
      {
        file: 'src/queue/lua/lib/presence.lua',
        find: 'if tonumber(grace) ~= q.grace_ms then',
        replace: 'if false then',
      },
    ],
    expect: [5],
    faults: ['rollout'],
    seconds: 40,
  },
  {
    name: 'a server that cannot reach a store wants no traffic',
    edits: [
      {
        file: 'src/http/health.ts',
        find: '(_, response) =>\n        isDraining() ?',
        replace:
          'async (_, response) =>\n        isDraining() || !Object.values(await report()).every(({ write }) => write) ?',
      },
    ],
    expect: [28],
    faults: ['Redis killed', 'PostgreSQL stopped'],
    seconds: 25,
  },
  {
    name: 'a store that can be read is said to take writes',
    edits: [
      {
        file: 'src/redis/connection.ts',
        find: "write: write.status === 'fulfilled',",
        replace: "write: read.status === 'fulfilled',",
      },
    ],
    expect: [28],
    faults: ['Redis out of memory'],
    seconds: 30,
  },
  {
    name: 'connections to a former primary of Redis are kept',
    edits: [
      {
        file: 'src/redis/connection.ts',
        find: 'if (isFromReplica(error)) [redis, subscriber].forEach(reconnect)\n',
        replace: '',
      },
    ],
    expect: [17],
    faults: ['Redis switched over'],
    seconds: 40,
  },
  {
    name: 'a full disk is taken for a bug',
    edits: [{ file: 'src/db/errors.ts', find: "'53', // insufficient", replace: "'53300', // insufficient" }],
    expect: [16],
    faults: ['PostgreSQL disk full'],
    seconds: 20,
  },
]
