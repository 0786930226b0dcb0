/** Bugs in the queue's scripts, and around them. */
import type { Edit, Mutant } from './types.ts'

const lua = (name: string, find: string, replace: string): Edit => ({
  file: `src/queue/lua/${name}.lua`,
  find,
  replace,
})

const FREE = "tonumber(capacity) - redis.call('ZCARD', q.keys.admitted)"
const HEAD = "redis.call('ZRANGE', q.keys.waiting, 0, wanted - 1, 'WITHSCORES')"
/** Nobody makes sure that no wake-up was lost. */
const REPAIR: Edit = {
  file: 'src/queue/positions/broadcaster.ts',
  find: '      repairedAt = time\n      outlookDue = true\n',
  replace: '',
}
/** And nobody is read again to be present. */
const PRESENCE: Edit = {
  file: 'src/queue/positions/broadcaster.ts',
  find: 'if (reader.readDeadline <= time || (reader.silent && seenSinceRead(reader))) unread.add(reader)',
  replace: 'reader.readDeadline = time',
}
/** And it is not noticed that an answer knows of wake-ups that were not heard. */
const AWAITED: Edit = {
  file: 'src/queue/positions/replica.ts',
  find: 'else if (now - awaited.since >= DELTA_DELAY_MS_MAX) resync()',
  replace: '',
}
/** Those in line are read seldom, so that a place that is wrong stays wrong for long enough to be seen. */
const SELDOM = { ABSENCE_GRACE_SECONDS: '120' }

export const queueMutants: readonly Mutant[] = [
  {
    name: 'the capacity does not count who is in',
    edits: [lua('lib/admit_next', FREE, 'tonumber(capacity)')],
    expect: [4],
  },
  {
    name: 'one more than the capacity',
    edits: [lua('lib/admit_next', FREE, `${FREE} + 1`)],
    expect: [4],
  },
  {
    name: 'the last in line is the first to be let in',
    edits: [lua('lib/admit_next', HEAD, HEAD.replace('ZRANGE', 'ZREVRANGE'))],
    expect: [5],
  },
  {
    name: 'a new number at each joining',
    edits: [lua('join', 'if not place then', 'if true then')],
    expect: [6, 7],
  },
  {
    name: 'listening does not count as being there',
    edits: [lua('lib/report', 'return false\n  end\n  mark_present(number)', 'return false\n  end')],
    expect: [5],
  },
  {
    name: 'people are let in while it recovers',
    edits: [lua('lib/admit_next', ' or q.now < tonumber(recovering_until)', '')],
    expect: [5],
    faults: ['Redis come back empty'],
    seconds: 25,
  },
  {
    name: 'numbers begin again with Redis',
    edits: [
      {
        file: 'src/db/sql/reserve_queue_numbers.sql',
        find: "'first', queue_number_watermark - p_count + 1",
        replace: "'first', 1",
      },
    ],
    expect: [6],
    faults: ['Redis come back empty'],
    seconds: 25,
  },
  {
    name: 'back at the end of the line',
    edits: [
      lua('restore', 'restore_waiting(user, number)', 'restore_waiting(user, next_number() or number)'),
    ],
    expect: [6],
    faults: ['Redis come back empty'],
    seconds: 25,
  },
  {
    name: 'lost tickets are not put back',
    edits: [
      lua('lib/block', 'return till and q.now < tonumber(till)', 'return false and q.now < tonumber(till)'),
    ],
    expect: [6],
    faults: ['Redis come back empty'],
    seconds: 25,
  },
  {
    name: 'wake-ups are not heard, and nothing repairs that',
    edits: [
      {
        file: 'src/queue/positions/broadcaster.ts',
        find: 'pubsub.subscribeQueue(concertId, onDelta)',
        replace: 'pubsub.subscribeQueue(concertId, () => undefined)',
      },
      REPAIR,
      PRESENCE,
      AWAITED,
    ],
    expect: [14],
    finalChecks: true,
  },
  {
    name: 'a hold does not ask whose turn it is',
    edits: [
      {
        file: 'src/resolvers/reservations.ts',
        find: "admitted: status.kind === 'Admitted'",
        replace: 'admitted: true',
      },
    ],
    expect: [5],
    seconds: 20,
  },
  {
    name: 'a ticket that is not bound to its user',
    edits: [
      {
        file: 'src/resolvers/authorization.ts',
        find: 'if (ticket.userId !== userId) {',
        replace: 'if (ticket.number < 0) {',
      },
    ],
    expect: [15],
  },
  {
    name: "anybody may see anybody's things",
    edits: [
      {
        file: 'src/resolvers/authorization.ts',
        find: "viewer.role === 'operator' || viewer.userId === ownerId",
        replace: "viewer.role === 'operator' || ownerId !== ''",
      },
    ],
    expect: [15],
  },
  {
    name: 'events are forgotten that could not be delivered',
    edits: [
      {
        file: 'src/jobs/relay.ts',
        find: "results[index]?.status === 'fulfilled' ? [id] : []",
        replace: 'results[index] ? [id] : []',
      },
    ],
    expect: [12],
    faults: ['link to Redis half-open', 'link to Redis refusing'],
    seconds: 40,
    finalChecks: true,
  },
  {
    name: 'two clicks are one user of the batch',
    edits: [
      {
        file: 'src/queue/join-batcher.ts',
        find: 'commands.join(concertId, userIds)',
        replace: 'commands.join(concertId, [...new Set(userIds)])',
      },
    ],
    expect: [6, 16],
  },
  {
    name: 'loaders outlive their operation',
    edits: [
      {
        file: 'src/resolvers/loaders.ts',
        find: 'return () => Object.create(prototype) as Loaders',
        replace: 'const kept = Object.create(prototype) as Loaders\n  return () => kept',
      },
    ],
    expect: [11, 13],
  },
  {
    // With a moment in between: whatever frees a slot fills it in the same script, and leaves ticks little to get wrong.
    name: 'the capacity is read outside the script',
    edits: [
      {
        file: 'src/queue/commands.ts',
        find: 'admit: async (concertId) => Number(await admit(concertId)),',
        replace: `admit: async (concertId) => {
      const root = keys.concert(concertId)
      const [all, used] = await Promise.all([
        call(() => redis.hget(root + ':meta', 'capacity')),
        call(() => redis.zcard(root + ':admitted')),
      ])
      await new Promise((resolve) => setTimeout(resolve, 100))
      return Number(await admit(concertId, Math.max(0, Number(all ?? 0) - used)))
    },`,
      },
      lua('admit', '  admit_next()', '  q.free = tonumber(ARGV[4])\n  admit_next()'),
      lua('lib/admit_next', FREE, `(q.free or ${FREE})`),
    ],
    expect: [4],
    faults: ['link to Redis delayed'],
    seconds: 25,
  },
  {
    name: 'a wake-up that the answer knew of is applied again',
    edits: [
      {
        file: 'src/queue/positions/replica.ts',
        find: 'const later = since.filter((wake) => wake.version > version)',
        replace: 'const later = since',
      },
    ],
    expect: [14],
    faults: ['link to Redis delayed'],
    seconds: 25,
  },
  {
    name: 'who left does not move those behind',
    edits: [
      {
        file: 'src/queue/positions/positions.ts',
        find: '      ...left.map((number) => ({ number, by: -1 })),\n',
        replace: '',
      },
    ],
    expect: [14],
    env: SELDOM,
    seconds: 25,
  },
  {
    name: 'a listener is not read again to be present',
    edits: [PRESENCE],
    expect: [5],
    seconds: 25,
  },
  {
    name: 'a tally is forgotten',
    edits: [
      lua(
        'lib/user_state',
        "incr_counter(how == 'FINISHED' and 'finished' or 'lapsed', 1)",
        "incr_counter(how == 'FINISHED' and 'finished' or 'lapsed', how == 'LEFT' and 0 or 1)",
      ),
    ],
    expect: [6],
    seconds: 25,
  },
  {
    name: 'a pause is lost on its way',
    edits: [lua('lib/settings', "'paused', paused,", "'paused', 0,")],
    expect: [4],
    seconds: 40,
  },
  {
    name: 'the rate forgets whom it let in',
    edits: [lua('lib/admit_next', 'tostring(at_hand - admitted)', 'tostring(at_hand)')],
    expect: [4],
    seconds: 30,
  },
  {
    name: 'a store that is away is the fault of the server',
    edits: [
      {
        file: 'src/graphql/mask-errors.ts',
        find: ': { code, retryAfterSeconds }',
        replace: ': { code, retryAfterSeconds, http: { status: 503 } }',
      },
    ],
    expect: [16],
    faults: ['link to Redis refusing', 'Redis paused'],
    seconds: 25,
  },
  {
    name: 'asks Redis three things at a time at the most',
    edits: [{ file: 'src/redis/connection.ts', find: 'callsMax = 10_000', replace: 'callsMax = 3' }],
    expect: [17],
  },
  {
    name: 'whose time is over may still hold',
    edits: [
      {
        file: 'src/resolvers/reservations.ts',
        find: "admitted: status.kind === 'Admitted'",
        replace: "admitted: status.kind === 'Admitted' || status.kind === 'Lapsed'",
      },
      // And nobody's last moments are lengthened, so that there are some whose time is over.
      {
        file: 'src/resolvers/reservations.ts',
        find: 'HOLDING_MS_MAX = 10_000',
        replace: 'HOLDING_MS_MAX = 0',
      },
    ],
    expect: [5],
    seconds: 30,
  },
  {
    name: 'a subscription that is armed after the first read',
    edits: [
      {
        file: 'src/queue/positions/broadcaster.ts',
        find: '= pubsub.subscribeQueue(concertId, onDelta)\n  void subscription.then(() => (listening = true))',
        replace:
          '= new Promise((armed) => setTimeout(armed, 1_000)).then(() => pubsub.subscribeQueue(concertId, onDelta))\n  listening = true',
      },
      {
        file: 'src/queue/positions/broadcaster.ts',
        find: 'void subscription.then(readOn)',
        replace: 'void readOn()',
      },
      REPAIR,
      AWAITED,
      {
        file: 'src/queue/positions/replica.ts',
        find: 'const missed = heard !== null && version !== heard + 1',
        replace: 'const missed = false',
      },
    ],
    expect: [14],
    faults: ['all sockets dropped'],
    pauseMsMax: 15_000,
    env: SELDOM,
    seconds: 40,
  },
]
