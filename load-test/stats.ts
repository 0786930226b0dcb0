/** Statistics of a sale in progress, in bounded memory. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { newHistory, type BuyerHistory, type Phase } from './history.ts'

/** Kinds of refusals and errors that are counted separately; the rest are counted together. */
const KINDS_MAX = 40
/** Samples of the chart: when there are more, every second one is dropped. */
const SAMPLES_MAX = 1_200

export interface Sample {
  /** Since the start of the sale, in milliseconds. */
  at: number
  waiting: number
  admitted: number
  sold: number
}

export interface Stats {
  buyers: readonly BuyerHistory[]
  count: (phase: Phase) => number
  enter: (buyer: BuyerHistory, phase: Phase) => void
  refused: (kind: string) => void
  error: (code: string) => void
  answered: (operation: string, ms: number) => void
  /** A buyer was admitted that long after joining, or paid that long after admission, in milliseconds. */
  waited: (ms: number) => void
  purchased: (ms: number) => void
  /** @param at since the start of the sale, in milliseconds */
  sample: (at: number, capacity: number, admitted: number) => void
  sold: number
  readonly refusals: ReadonlyMap<string, number>
  readonly errors: ReadonlyMap<string, number>
  readonly waits: RecordableHistogram
  readonly purchases: RecordableHistogram
  readonly responses: ReadonlyMap<string, RecordableHistogram>
  readonly samples: readonly Sample[]
  readonly capacityMax: number
  readonly admittedMax: number
}

/** In microseconds, up to 71 minutes, with three significant digits. */
const histogram = (): RecordableHistogram => createHistogram({ lowest: 1, highest: 2 ** 32, figures: 3 })
const toMicroseconds = (ms: number): number => Math.min(2 ** 32, Math.max(1, Math.round(ms * 1_000)))

export function createStats(buyerCount: number): Stats {
  const buyers = Array.from({ length: buyerCount }, newHistory)
  const counts = new Map<Phase, number>([['outside', buyerCount]])
  const refusals = new Map<string, number>()
  const errors = new Map<string, number>()
  const responses = new Map<string, RecordableHistogram>()
  const waits = histogram()
  const purchases = histogram()
  const samples: Sample[] = []
  let everyMs = 0

  const stats = {
    buyers,
    refusals,
    errors,
    waits,
    purchases,
    responses,
    samples,
    sold: 0,
    capacityMax: 0,
    admittedMax: 0,
    count: (phase: Phase) => counts.get(phase) ?? 0,
    enter: (buyer: BuyerHistory, phase: Phase) => {
      counts.set(buyer.phase, stats.count(buyer.phase) - 1)
      counts.set(phase, stats.count(phase) + 1)
      buyer.phase = phase
    },
    refused: (kind: string) => add(refusals, kind),
    error: (code: string) => add(errors, code),
    answered: (operation: string, ms: number) => {
      let known = responses.get(operation)
      if (!known) responses.set(operation, (known = histogram()))
      known.record(toMicroseconds(ms))
    },
    waited: (ms: number) => waits.record(toMicroseconds(ms)),
    purchased: (ms: number) => purchases.record(toMicroseconds(ms)),
    sample: (at: number, capacity: number, admitted: number) => {
      stats.capacityMax = Math.max(stats.capacityMax, capacity)
      stats.admittedMax = Math.max(stats.admittedMax, admitted)
      if (at - (samples.at(-1)?.at ?? -Infinity) < everyMs) return
      samples.push({ at, waiting: stats.count('waiting'), admitted, sold: stats.sold })
      if (samples.length < SAMPLES_MAX) return
      samples.splice(0, SAMPLES_MAX, ...samples.filter((_, index) => index % 2 === 0))
      everyMs = (2 * at) / SAMPLES_MAX
    },
  }
  return stats
}

function add(counts: Map<string, number>, kind: string): void {
  const name = counts.has(kind) || counts.size < KINDS_MAX ? kind : 'others'
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
