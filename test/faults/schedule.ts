/** Injects faults: one after another, now and then two at once, and each before any comes again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from './log.ts'
import type { Fault, Random, FaultCluster } from './cluster/types.ts'

export interface Schedule {
  /** How often each was injected. */
  counts: Map<string, number>
  /** Those that failed, and why. */
  failures: { name: string; why: string }[]
  /** Those that this machine does not support, and why. */
  unsupported: Schedule['failures']
  /** Resolves when the signal is aborted and everything is repaired. */
  ended: Promise<void>
  /** The present faults, for the progress line. */
  running: Set<string>
}

export interface ScheduleTiming {
  /** The longest pause between two faults. */
  pauseMsMax: number
  /** The share of faults that come with another one. */
  concurrentShare: number
}

interface ScheduleOptions {
  cluster: FaultCluster
  faults: readonly Fault[]
  random: Random
  log: Log
  signal: AbortSignal
  /** Each once, then none. */
  onceOnly?: boolean
  timing?: ScheduleTiming
}

/** A fault that takes longer than this is aborted. */
const FAULT_MS_MAX = 45_000
const PAUSE_MS_MIN = 500
const DEFAULT_TIMING: ScheduleTiming = { pauseMsMax: 5_000, concurrentShare: 0.2 }

export function runFaults(options: ScheduleOptions): Schedule {
  const { cluster, faults, random, log, signal, onceOnly = false } = options
  const { pauseMsMax, concurrentShare } = options.timing ?? DEFAULT_TIMING
  const counts = new Map(faults.map(({ name }) => [name, 0]))
  const failures: Schedule['failures'] = []
  const unsupported: Schedule['unsupported'] = []
  const running = new Set<string>()
  let last = 0

  async function inject(fault: Fault): Promise<void> {
    const id = (last += 1)
    running.add(fault.name)
    log.write({ kind: 'fault', id, name: fault.name, phase: 'start' })
    const limited = AbortSignal.any([signal, AbortSignal.timeout(FAULT_MS_MAX)])
    try {
      await fault.run(cluster, random.fork(`${fault.name} ${id}`), limited)
      counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1)
    } catch (error) {
      failures.push({ name: fault.name, why: String(error) })
    }
    log.write({ kind: 'fault', id, name: fault.name, phase: 'end' })
    running.delete(fault.name)
  }

  async function run(): Promise<void> {
    const possible = faults.filter((fault) => {
      const why = fault.unsupported?.()
      if (why !== undefined) {
        counts.delete(fault.name)
        unsupported.push({ name: fault.name, why })
      }
      return why === undefined
    })
    if (possible.length === 0) return
    let waiting: Fault[] = []
    const isOver = (): boolean => signal.aborted
    for (let round = 0; !isOver();) {
      if (waiting.length === 0) {
        if (onceOnly && round > 0) return
        waiting = shuffled(possible, random)
        round += 1
      }
      await sleep(random.int(PAUSE_MS_MIN, pauseMsMax), undefined, { signal }).catch(() => undefined)
      if (isOver()) return
      const [first, ...others] = waiting as [Fault, ...Fault[]]
      const second =
        random.next() < concurrentShare ? others.find(({ target }) => target !== first.target) : undefined
      waiting = others.filter((fault) => fault !== second)
      await Promise.all([inject(first), second && inject(second)])
    }
  }

  return { counts, failures, unsupported, running, ended: run() }
}

/** The Fisher–Yates shuffle. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}
