/** Everything a server does without being asked. Every instance does all of it: no leader is needed. */
import { expireReservations } from '../db/reservations.ts'
import { pruneIdempotencyKeys } from '../db/idempotency.ts'
import type { Stats } from '../queue/stats.ts'
import { startLoop } from './loop.ts'
import { createRelay, type RelayOptions } from './relay.ts'

export interface Jobs {
  wakeRelay: () => void
  stop: () => Promise<void>
}

/** Admission also happens at once when a slot frees; the tick is for time passing. */
const ADMISSION_MS = 250
const RELAY_MS = 250
const SWEEP_MS = 500
const SWEEP_BATCH = 200
/** How often to look whether a sample is due, which one instance takes for all. */
const SAMPLE_MS = 500
const PRUNE_MS = 60_000
const PRUNE_BATCH = 5_000
/** A retry is answered as before for two days; a client may count on one. */
const KEY_RETENTION_MS = 48 * 60 * 60 * 1000

export interface JobsOptions extends RelayOptions {
  stats: Pick<Stats, 'sample'>
  onError: (job: string, error: unknown) => void
}

/** @param onError hears of runs that failed; jobs go on regardless */
export function startJobs(options: JobsOptions): Jobs {
  const { db, queue, stats: figures } = options
  const loop = (job: string, everyMs: number, run: () => Promise<boolean>) =>
    startLoop({ everyMs, run, onError: (error) => options.onError(job, error) })

  const relay = createRelay(options)
  const deliveries = loop('relay', RELAY_MS, relay.run)
  const loops = [
    deliveries,
    loop('admission', ADMISSION_MS, async () => {
      await queue.tick()
      return false
    }),
    loop('sweeper', SWEEP_MS, async () => {
      const ended = await expireReservations(db, SWEEP_BATCH)
      if (ended > 0) deliveries.wake()
      return ended === SWEEP_BATCH
    }),
    loop('sampler', SAMPLE_MS, async () => {
      await figures.sample()
      return false
    }),
    loop(
      'pruner',
      PRUNE_MS,
      async () => (await pruneIdempotencyKeys(db, KEY_RETENTION_MS, PRUNE_BATCH)) === PRUNE_BATCH,
    ),
  ]
  return {
    wakeRelay: deliveries.wake,
    stop: async () => {
      await Promise.all(loops.map((running) => running.stop()))
      await relay.acknowledge().catch((error: unknown) => options.onError('relay', error))
    },
  }
}
