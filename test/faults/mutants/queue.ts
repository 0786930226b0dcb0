/** Bugs in the order and the number of admissions: the queue's scripts, and how they are called. */
import type { Edit } from './edit.ts'
import type { Mutant } from './types.ts'

const lua = (name: string, find: string, replace: string): Edit => ({ file: `/${name}.lua`, find, replace })

const FREE_SLOTS = "tonumber($capacity) - redis.call('ZCARD', q.keys.admitted)"

export const queueMutants: readonly Mutant[] = [
  {
    name: 'the capacity does not count who is admitted',
    edits: [lua('admit_next', FREE_SLOTS, 'tonumber($capacity)')],
    expect: [4],
  },
  {
    name: 'one more than the capacity is admitted',
    edits: [lua('admit_next', FREE_SLOTS, `${FREE_SLOTS} + 1`)],
    expect: [4],
  },
  {
    // With a pause in between: what frees a slot fills it in the same script, so that a tick seldom has one to fill.
    name: 'the capacity is read outside the script',
    edits: [
      {
        file: '/commands.ts',
        find: 'admit: async (concertId) => Number(await admit(concertId))',
        replace: `admit: async (concertId) => {
      const root = keys.concert(concertId)
      const [all, used] = await Promise.all([
        call(() => redis.hget(root + ':meta', 'capacity')),
        call(() => redis.zcard(root + ':admitted')),
      ])
      await new Promise((resolve) => setTimeout(resolve, 100))
      return Number(await admit(concertId, Math.max(0, Number(all ?? 0) - used)))
    }`,
      },
      lua(
        'admit',
        'if is_open() then admit_next()',
        'if is_open() then q.free = tonumber(ARGV[4]) admit_next()',
      ),
      lua('admit_next', FREE_SLOTS, `(q.free or ${FREE_SLOTS})`),
    ],
    expect: [4],
    faults: ['link to Redis delayed'],
    seconds: 25,
  },
  {
    name: 'admission goes by the tail of the queue',
    edits: [
      lua(
        'admit_next',
        "'ZRANGE', q.keys.waiting, 0, $wanted - 1",
        "'ZREVRANGE', q.keys.waiting, 0, $wanted - 1",
      ),
    ],
    expect: [5],
  },
  {
    name: 'every join gets a new number',
    edits: [
      lua('join', 'if not $place then $number = next_number()', 'if true then $number = next_number()'),
    ],
    expect: [6, 7],
  },
  {
    name: 'two joins of one user in a batch become one',
    edits: [
      {
        file: '/join-batcher.ts',
        find: '$commands.join($concertId, $userIds)',
        replace: '$commands.join($concertId, [...new Set($userIds)])',
      },
    ],
    expect: [6, 16],
  },
  {
    name: 'a subscription does not count as presence',
    edits: [lua('report', 'return false end mark_present(number)', 'return false end')],
    expect: [5],
  },
  {
    name: 'presence is read from the buckets of one grace period',
    edits: [lua('presence', 'if tonumber($grace) ~= q.grace_ms then', 'if false then')],
    expect: [5],
    faults: ['rollout'],
    seconds: 40,
  },
  {
    name: 'admission goes on during recovery',
    edits: [lua('admit_next', 'or q.now < tonumber(recovering_until)', '')],
    expect: [5],
    faults: ['Redis restarted empty'],
    seconds: 25,
  },
  {
    name: 'numbers start again with an empty Redis',
    edits: [
      {
        file: '/reserve_queue_numbers.sql',
        find: "'first', queue_number_watermark - p_count + 1",
        replace: "'first', 1",
      },
    ],
    expect: [6],
    faults: ['Redis restarted empty'],
    seconds: 25,
  },
  {
    name: 'a restored ticket goes to the tail of the queue',
    edits: [
      lua('restore', 'restore_waiting(user, number)', 'restore_waiting(user, next_number() or number)'),
    ],
    expect: [6],
    faults: ['Redis restarted empty'],
    seconds: 25,
  },
  {
    name: 'lost tickets are not restored',
    edits: [
      lua('block', 'return $till and q.now < tonumber($till)', 'return false and q.now < tonumber($till)'),
    ],
    expect: [6],
    faults: ['Redis restarted empty'],
    seconds: 25,
  },
  {
    name: 'a counter misses tickets that left',
    edits: [
      lua(
        'ended',
        "incr_counter($how == 'FINISHED' and 'finished' or 'lapsed', 1)",
        "incr_counter($how == 'FINISHED' and 'finished' or 'lapsed', $how == 'LEFT' and 0 or 1)",
      ),
    ],
    expect: [6],
    seconds: 25,
  },
  {
    name: 'a pause does not reach Redis',
    edits: [lua('settings', "'paused', paused,", "'paused', 0,")],
    expect: [4],
    seconds: 40,
  },
  {
    name: 'the rate limit does not count admissions',
    edits: [lua('admit_next', "'tokens', tostring($tokens - $admitted)", "'tokens', tostring($tokens)")],
    expect: [4],
    seconds: 30,
  },
  {
    name: 'every use of an admission starts its turn again',
    edits: [
      lua(
        'use',
        '$use ~= UNUSED and turn_end(user, number) or begin_turn(user, number, $turn_ms)',
        'begin_turn(user, number, $turn_ms)',
      ),
      {
        file: '/hold_seats.sql',
        find: 'coalesce($first_held_at, $now) + p_turn_ms',
        replace: '$now + p_turn_ms',
      },
    ],
    expect: [25],
    seconds: 50,
  },
]
