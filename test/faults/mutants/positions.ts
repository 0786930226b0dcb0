/** Bugs in how subscribers get their positions. */
import type { Edit } from './edit.ts'
import type { Mutant } from './types.ts'

/** No periodic read finds lost deltas. */
const NO_REPAIR: Edit = {
  file: '/broadcaster.ts',
  find: 'if ($time - $repairedAt >= $repairMs) { $repairedAt = $time $readDue = true }',
  replace: '',
}
/** Subscribers are not read again to renew their presence. */
const NO_PRESENCE: Edit = {
  file: '/broadcaster.ts',
  find: 'if ($subscriber.isReadDue($now)) $unread.add($subscriber)',
  replace: '$subscriber.readDeadline = $now',
}
/** Deltas that a reply includes and that never arrive are not noticed. */
const NO_LOSS_DETECTION: Edit = {
  file: '/replica.ts',
  find: 'else if ($now - $since >= DELTA_DELAY_MS_MAX) $resync()',
  replace: '',
}
/** Waiting users are read seldom, so that a wrong position stays wrong long enough to be seen. */
const SELDOM_READ = { ABSENCE_GRACE_SECONDS: '120' }

export const positionMutants: readonly Mutant[] = [
  {
    name: 'deltas are ignored, and nothing repairs that',
    edits: [
      {
        find: '$pubsub.subscribeQueue(concertId, ($delta) => $onDelta($delta))',
        replace: '$pubsub.subscribeQueue(concertId, () => undefined)',
      },
      NO_REPAIR,
      NO_PRESENCE,
      NO_LOSS_DETECTION,
    ],
    expect: [14],
    finalChecks: true,
  },
  {
    name: 'a delta that the reply includes is applied again',
    edits: [
      {
        file: '/replica.ts',
        find: 'const $later = $since.filter(($delta) => $delta.version > $version) return',
        replace: 'const $later = $since\nreturn',
      },
    ],
    expect: [14],
    faults: ['link to Redis delayed'],
    seconds: 25,
  },
  {
    name: 'a user who leaves does not move those behind',
    edits: [{ find: '...$left.map(($number) => ({ $number, by: -1 })),', replace: '' }],
    expect: [14],
    env: SELDOM_READ,
    seconds: 25,
  },
  {
    name: 'the presence of a subscriber is not renewed',
    edits: [NO_PRESENCE],
    expect: [5],
    seconds: 25,
  },
  {
    name: 'a subscription starts after the first read',
    edits: [
      {
        file: '/broadcaster.ts',
        find: '= $pubsub.subscribeQueue(concertId, ($delta) => $onDelta($delta)) void $subscription.then(() => $start())',
        replace: `= new Promise((resolve) => setTimeout(resolve, 1_000)).then(() => $pubsub.subscribeQueue(concertId, ($delta) => $onDelta($delta)))
  $start()`,
      },
      {
        file: '/broadcaster.ts',
        find: '$add($subscriber) void $subscription.then(() => $read())',
        replace: '$add($subscriber)\n    void $read()',
      },
      NO_REPAIR,
      NO_LOSS_DETECTION,
      {
        file: '/replica.ts',
        find: 'const $missed = $known !== null && $version !== $known + 1',
        replace: 'const $missed = false',
      },
    ],
    expect: [14],
    faults: ['all sockets dropped'],
    pauseMsMax: 15_000,
    env: SELDOM_READ,
    seconds: 40,
  },
]
