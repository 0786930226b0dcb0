/** Says in words and figures how a sale went. */
import type { RecordableHistogram } from 'node:perf_hooks'
import { isPassed, type Findings } from './checks.ts'
import type { Phase } from './history.ts'
import type { SaleResult } from './sale.ts'

/** What of a finding is listed; the count says the rest. */
const LISTED_MAX = 10

const phases: [Phase, string][] = [
  ['paid', 'paid'],
  ['soldOut', 'came too late'],
  ['gaveUp', 'gave their hold up'],
  ['outraced', 'lost too many races'],
  ['lapsed', 'let their turn pass'],
  ['failed', 'got nothing but errors'],
  ['holding', 'still hold seats'],
  ['choosing', 'are still choosing'],
  ['waiting', 'still wait'],
  ['outside', 'have not come'],
]

/** @param seats how many there are; null: not known */
export function summarize(result: SaleResult, seats: number | null): string {
  const { stats: figures, findings, soldOutMs, completedMs: answeredMs, cpuMs, complete } = result
  const buyers = figures.buyers.length
  const sold = `${number(figures.sold)}${seats === null ? '' : ` of ${number(seats)}`} seats sold`
  return [
    '',
    complete ? 'The sale is over.' : 'The sale was cut short; so far:',
    '',
    `  ${sold}${soldOutMs === null ? '' : `, the last one after ${seconds(soldOutMs)}`}`,
    `  ${number(buyers)} buyers${complete ? `, everybody answered after ${seconds(answeredMs)}` : ''}: ${phases
      .filter(([phase]) => figures.count(phase) > 0)
      .map(([phase, words]) => `${number(figures.count(phase))} ${words}`)
      .join(', ')}`,
    '',
    `  ${''.padEnd(20)}${['count', 'p50', 'p90', 'p99', 'max'].map((name) => name.padStart(10)).join('')}`,
    row('wait in line', figures.waits),
    row('admitted to paid', figures.purchases),
    ...[...figures.answers].map(([operation, times]) => row(operation, times)),
    '',
    `  refusals  ${kinds(figures.refusals)}`,
    `  errors    ${kinds(figures.errors)}`,
    '',
    ...verdict(findings),
    '',
    `  This generator took ${seconds(cpuMs)} of CPU, ${(cpuMs / buyers).toFixed(1)} ms for each buyer.`,
  ].join('\n')
}

function verdict(findings: Findings): string[] {
  const { oversold, overtaken, overshoot, lost } = findings
  return [
    finding('oversold', oversold.length, oversold),
    finding('overtaken', overtaken.length, overtaken),
    finding('overshoot', overshoot, []),
    finding('lost', lost.length, lost),
    isPassed(findings) ? '  Every promise was kept.' : '  A promise was broken.',
  ]
}

function finding(name: string, count: number, details: readonly string[]): string {
  const listed = details.slice(0, LISTED_MAX).map((detail) => `\n      ${detail}`)
  return `  ${count === 0 ? '✓' : '✗'} ${name.padEnd(10)}${number(count)}${listed.join('')}`
}

function row(name: string, times: RecordableHistogram): string {
  const figures =
    times.count === 0
      ? []
      : [times.percentile(50), times.percentile(90), times.percentile(99), times.max].map((microseconds) =>
          duration(microseconds / 1_000),
        )
  return `  ${name.padEnd(20)}${[number(times.count), ...figures].map((figure) => figure.padStart(10)).join('')}`
}

const kinds = (counts: ReadonlyMap<string, number>): string =>
  counts.size === 0 ? 'none' : [...counts].map(([kind, count]) => `${kind} ${number(count)}`).join(', ')

const number = (value: number): string => value.toLocaleString('en')
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const duration = (ms: number): string => (ms < 1_000 ? `${ms.toPrecision(3)} ms` : seconds(ms))
