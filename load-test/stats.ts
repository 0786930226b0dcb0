/** The figures of a sale while it goes on. Whatever happens, they take no more room than at the start. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { newHistory, type BuyerHistory, type Phase } from './history.ts'
import type { Operation } from './operations.ts'

/** Kinds of refusals and errors that are told apart; the others are counted together. */
const KINDS_MAX = 40
/** Moments of the picture: when there are more, every second one goes. */
const SAMPLES_MAX = 1_200

export interface Sample {
  /** Since the doors opened, in milliseconds. */
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
  answered: (operation: Operation, ms: number) => void
  /** A buyer got in, or paid, after so many milliseconds. */
  waited: (ms: number) => void
  purchased: (ms: number) => void
  /** Notes how things stand, so many milliseconds after the doors opened. */
  look: (at: number, capacity: number, admitted: number) => void
  sold: number
  readonly refusals: ReadonlyMap<string, number>
  readonly errors: ReadonlyMap<string, number>
  readonly waits: RecordableHistogram
  readonly purchases: RecordableHistogram
  readonly answers: ReadonlyMap<Operation, RecordableHistogram>
  readonly moments: readonly Sample[]
  readonly capacityMax: number
  readonly admittedMax: number
}

/** In microseconds, up to an hour and a half, with two digits. */
const histogram = (): RecordableHistogram => createHistogram({ lowest: 1, highest: 2 ** 32, figures: 3 })
const toMicroseconds = (ms: number): number => Math.min(2 ** 32, Math.max(1, Math.round(ms * 1_000)))

export function createStats(buyerCount: number): Stats {
  const buyers = Array.from({ length: buyerCount }, newHistory)
  const counts = new Map<Phase, number>([['outside', buyerCount]])
  const refusals = new Map<string, number>()
  const errors = new Map<string, number>()
  const answers = new Map<Operation, RecordableHistogram>()
  const waits = histogram()
  const purchases = histogram()
  const moments: Sample[] = []
  let everyMs = 0

  const figures = {
    buyers,
    refusals,
    errors,
    waits,
    purchases,
    answers,
    moments,
    sold: 0,
    capacityMax: 0,
    admittedMax: 0,
    count: (phase: Phase) => counts.get(phase) ?? 0,
    enter: (buyer: BuyerHistory, phase: Phase) => {
      counts.set(buyer.phase, figures.count(buyer.phase) - 1)
      counts.set(phase, figures.count(phase) + 1)
      buyer.phase = phase
    },
    refused: (kind: string) => add(refusals, kind),
    error: (code: string) => add(errors, code),
    answered: (operation: Operation, ms: number) => {
      let known = answers.get(operation)
      if (!known) answers.set(operation, (known = histogram()))
      known.record(toMicroseconds(ms))
    },
    waited: (ms: number) => waits.record(toMicroseconds(ms)),
    purchased: (ms: number) => purchases.record(toMicroseconds(ms)),
    look: (at: number, capacity: number, admitted: number) => {
      figures.capacityMax = Math.max(figures.capacityMax, capacity)
      figures.admittedMax = Math.max(figures.admittedMax, admitted)
      if (at - (moments.at(-1)?.at ?? -Infinity) < everyMs) return
      moments.push({ at, waiting: figures.count('waiting'), admitted, sold: figures.sold })
      if (moments.length < SAMPLES_MAX) return
      moments.splice(0, SAMPLES_MAX, ...moments.filter((_, index) => index % 2 === 0))
      everyMs = (2 * at) / SAMPLES_MAX
    },
  }
  return figures
}

function add(counts: Map<string, number>, kind: string): void {
  const name = counts.has(kind) || counts.size < KINDS_MAX ? kind : 'others'
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
