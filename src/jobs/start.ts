/** The background jobs. Every server runs all of them; there is no leader. */
import { expireReservations } from '../db/reservations.ts'
import { pruneIdempotencyKeys } from '../db/idempotency.ts'
import type { Stats } from '../queue/stats.ts'
import { startLoop } from './loop.ts'
import { createRelay, type RelayOptions } from './relay.ts'

export interface Jobs {
  wakeRelay: () => void
  stop: () => Promise<void>
}

/** A freed slot admits at once; the tick handles what expires. */
const ADMISSION_MS = 250
const RELAY_MS = 250
const SWEEP_MS = 500
const SWEEP_BATCH = 200
/** How often to check whether a sample is due. One server takes it for all. */
const SAMPLE_MS = 500
const PRUNE_MS = 60_000
const PRUNE_BATCH = 5_000
/** A retry within this time gets the stored answer. */
const KEY_RETENTION_MS = 48 * 60 * 60 * 1000

export interface JobsOptions extends RelayOptions {
  stats: Pick<Stats, 'sample'>
  /** Called when a run fails; the job goes on. */
  onError: (job: string, error: unknown) => void
}

export function startJobs(options: JobsOptions): Jobs {
  const { db, queue, stats } = options
  const loop = (job: string, pauseMs: number, run: () => Promise<boolean>) =>
    startLoop({ pauseMs, run, onError: (error) => options.onError(job, error) })

  const relay = createRelay(options)
  const relayLoop = loop('relay', RELAY_MS, relay.run)
  const loops = [
    relayLoop,
    loop('admission', ADMISSION_MS, async () => {
      await queue.tick()
      return false
    }),
    loop('sweeper', SWEEP_MS, async () => {
      const ended = await expireReservations(db, SWEEP_BATCH)
      if (ended > 0) relayLoop.wake()
      return ended === SWEEP_BATCH
    }),
    loop('sampler', SAMPLE_MS, async () => {
      await stats.sample()
      return false
    }),
    loop(
      'pruner',
      PRUNE_MS,
      async () => (await pruneIdempotencyKeys(db, KEY_RETENTION_MS, PRUNE_BATCH)) === PRUNE_BATCH,
    ),
  ]
  return {
    wakeRelay: relayLoop.wake,
    stop: async () => {
      await Promise.all(loops.map((job) => job.stop()))
      await relay.acknowledge().catch((error: unknown) => options.onError('relay', error))
    },
  }
}
