/** One run: a cluster, buyers, faults and final checks. Leaves files for the checker. */
import { setMaxListeners } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBuyers } from './buyers/buyers.ts'
import { createApiClient } from './client.ts'
import { runFinalChecks } from './final-checks/final-checks.ts'
import { pollHealth } from './health.ts'
import { OTHER_SETTINGS, rollout } from './faults/servers.ts'
import { installHistory, readHistory } from './history.ts'
import { openLog } from './log.ts'
import { createSales, whenReachable } from './sales.ts'
import { startSampler, type Sampler } from './sampler.ts'
import { runFaults, type ScheduleTiming, type Schedule } from './schedule.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createRandom } from './cluster/random.ts'
import type { Fault, FaultCluster } from './cluster/types.ts'
import { startFaultCluster } from './cluster/cluster.ts'

export interface RunOptions {
  seed: number
  /** How long faults are injected. */
  seconds: number
  servers: number
  buyers: number
  faults: readonly Fault[]
  /** Injects each fault once, then ends the run. */
  onceOnly?: boolean
  timing?: ScheduleTiming
  /** False: the run stops without final checks. */
  finalChecks?: boolean
  /** For the files; created if missing. */
  directory: string
  /** The directory of a copy of the project, with a planted bug, say. */
  root?: string
  /** Settings of the servers. */
  env?: Record<string, string>
  onProgress: (line: string) => void
}

/** What the checker needs to know about a run besides its log. */
export interface Settings {
  seed: number
  holdMs: number
  claimMs: number
  admissionMs: number
  /** Including the settings of a rollout, if the run has one. */
  longestClaimMs: number
  longestAdmissionMs: number
  graceMs: number
  seatsPerUserMax: number
  /** How often each fault was injected. */
  faults: Record<string, number>
  /** Faults that failed, and faults that this machine does not support, with the reason. */
  failures: Schedule['failures']
  unsupported: Schedule['unsupported']
}

const PROGRESS_MS = 5_000
const SEATS_PER_USER_MAX = 4

/** Failures, also of the faults themselves, are in the files. */
export async function run(options: RunOptions): Promise<void> {
  const { seed, directory, onProgress, seconds } = options
  mkdirSync(directory, { recursive: true })
  const random = createRandom(seed)
  const cluster = await startFaultCluster({
    directory,
    servers: options.servers,
    seed,
    onProgress,
    ...(options.root === undefined ? {} : { root: options.root }),
    env: { SEATS_PER_USER_MAX: String(SEATS_PER_USER_MAX), ...options.env },
  })
  const log = openLog(join(directory, 'log.jsonl'))
  const times = timesOf(cluster, options.faults)
  let sampler: Sampler | undefined
  try {
    await installHistory(cluster.databaseUrl)
    const client = createApiClient(cluster, log)
    const subscriptions = createSubscriptions(cluster, log)
    const currentSampler = (sampler = startSampler(cluster, join(directory, 'samples.jsonl'), times.graceMs))
    const sales = await createSales(cluster, client, log, ({ concert }) => currentSampler.follow(concert))
    await sales.open()
    await sales.open()

    const stopping = new AbortController()
    const { signal } = stopping
    setMaxListeners(0, signal)
    const buyers = startBuyers({
      cluster,
      log,
      client,
      subscriptions,
      sales,
      random: random.fork('buyers'),
      size: options.buyers,
      graceMs: times.graceMs,
    })
    const stopHealth = pollHealth(cluster, log)
    const operator = sales.runOperator(random.fork('operator'), signal)
    const schedule = runFaults({
      cluster,
      faults: options.faults,
      random: random.fork('faults'),
      log,
      signal,
      onceOnly: options.onceOnly ?? false,
      ...(options.timing ? { timing: options.timing } : {}),
    })
    const startedAt = Date.now()
    const progress = setInterval(() => {
      const { ok, refused, unknown } = client.counts
      const now = [...schedule.running].join(' and ') || 'no fault'
      const passed = Math.round((Date.now() - startedAt) / 1000)
      onProgress(
        `${passed} s: ${ok} ok, ${refused} refused, ${unknown} unknown; ${subscriptions.open.size} subscribed; ${now}`,
      )
    }, PROGRESS_MS)
    try {
      const time = sleep(seconds * 1000, undefined, { signal }).catch(() => undefined)
      await (options.onceOnly ? Promise.race([time, schedule.ended]) : time)
    } finally {
      stopping.abort()
      await Promise.all([schedule.ended, operator])
      clearInterval(progress)
    }
    if (options.finalChecks ?? true) {
      onProgress('the last fault is over: final checks …')
      await runFinalChecks({
        cluster,
        client,
        subscriptions,
        sales,
        buyers,
        random: random.fork('end'),
        log,
        ...times,
      })
    } else {
      await buyers.stop()
      await Promise.all([...subscriptions.open].map((watch) => watch.stop()))
    }
    await stopHealth()
    await sampler.stop()
    const history = await whenReachable(() => readHistory(cluster.databaseUrl))
    writeFileSync(join(directory, 'history.json'), JSON.stringify(history))
    const { counts, failures, unsupported } = schedule
    const settings: Settings = {
      seed,
      ...times,
      faults: Object.fromEntries(counts),
      failures,
      unsupported,
    }
    writeFileSync(join(directory, 'settings.json'), JSON.stringify(settings))
  } finally {
    await sampler?.stop().catch(() => undefined)
    log.close()
    await cluster.close()
  }
}

function timesOf(
  { env }: FaultCluster,
  faults: readonly Fault[],
): Omit<Settings, 'seed' | 'faults' | 'failures' | 'unsupported'> {
  const ms = (name: string): number => Number(env[name]) * 1000
  const rollsOut = faults.includes(rollout)
  const rolloutMs = (name: keyof typeof OTHER_SETTINGS): number =>
    rollsOut ? Number(OTHER_SETTINGS[name]) * 1000 : 0
  return {
    holdMs: ms('HOLD_SECONDS'),
    claimMs: ms('CLAIM_SECONDS'),
    admissionMs: ms('ADMISSION_SECONDS'),
    longestClaimMs: Math.max(ms('CLAIM_SECONDS'), rolloutMs('CLAIM_SECONDS')),
    longestAdmissionMs: Math.max(ms('ADMISSION_SECONDS'), rolloutMs('ADMISSION_SECONDS')),
    graceMs: ms('ABSENCE_GRACE_SECONDS'),
    seatsPerUserMax: SEATS_PER_USER_MAX,
  }
}
