/** The report of a sale, as text. */
import type { RecordableHistogram } from 'node:perf_hooks'
import { isPassed, type Findings } from './checks.ts'
import type { Phase } from './history.ts'
import type { SaleResult } from './sale.ts'

/** Details listed for a finding. */
const DETAILS_MAX = 10

const phaseNames: [Phase, string][] = [
  ['paid', 'paid'],
  ['soldOut', 'found it sold out'],
  ['gaveUp', 'cancelled their hold'],
  ['outraced', 'gave up after too many refused holds'],
  ['lapsed', 'lapsed'],
  ['failed', 'failed with errors'],
  ['holding', 'holding seats'],
  ['choosing', 'choosing seats'],
  ['waiting', 'waiting'],
  ['outside', 'not joined'],
]

/** @param seats how many there are; null: not known */
export function summarize(result: SaleResult, seats: number | null): string {
  const { stats, findings, soldOutMs, completedMs, cpuMs, complete } = result
  const buyers = stats.buyers.length
  const sold = `${number(stats.sold)}${seats === null ? '' : ` of ${number(seats)}`} seats sold`
  return [
    '',
    complete ? 'The sale is complete.' : 'The sale was interrupted; until then:',
    '',
    `  ${sold}${soldOutMs === null ? '' : `, the last one after ${seconds(soldOutMs)}`}`,
    `  ${number(buyers)} buyers${complete ? `, all done after ${seconds(completedMs)}` : ''}: ${phaseNames
      .filter(([phase]) => stats.count(phase) > 0)
      .map(([phase, name]) => `${number(stats.count(phase))} ${name}`)
      .join(', ')}`,
    '',
    `  ${''.padEnd(20)}${['count', 'p50', 'p90', 'p99', 'max'].map((name) => name.padStart(10)).join('')}`,
    row('joined to admitted', stats.waits),
    row('admitted to paid', stats.purchases),
    ...[...stats.responses].map(([operation, times]) => row(operation, times)),
    '',
    `  refusals  ${kinds(stats.refusals)}`,
    `  errors    ${kinds(stats.errors)}`,
    '',
    ...describeFindings(findings),
    '',
    `  CPU time of the load test: ${seconds(cpuMs)}, ${(cpuMs / buyers).toFixed(1)} ms for each buyer.`,
  ].join('\n')
}

function describeFindings(findings: Findings): string[] {
  const { oversold, overtaken, overshoot, lost } = findings
  return [
    finding('oversold', oversold.length, oversold),
    finding('overtaken', overtaken.length, overtaken),
    finding('overshoot', overshoot, []),
    finding('lost', lost.length, lost),
    isPassed(findings) ? '  All checks passed.' : '  A check failed.',
  ]
}

function finding(name: string, count: number, details: readonly string[]): string {
  const listed = details.slice(0, DETAILS_MAX).map((detail) => `\n      ${detail}`)
  return `  ${count === 0 ? '✓' : '✗'} ${name.padEnd(10)}${number(count)}${listed.join('')}`
}

function row(name: string, times: RecordableHistogram): string {
  const values =
    times.count === 0
      ? []
      : [times.percentile(50), times.percentile(90), times.percentile(99), times.max].map((microseconds) =>
          duration(microseconds / 1_000),
        )
  return `  ${name.padEnd(20)}${[number(times.count), ...values].map((value) => value.padStart(10)).join('')}`
}

const kinds = (counts: ReadonlyMap<string, number>): string =>
  counts.size === 0 ? 'none' : [...counts].map(([kind, count]) => `${kind} ${number(count)}`).join(', ')

const number = (value: number): string => value.toLocaleString('en')
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const duration = (ms: number): string => (ms < 1_000 ? `${ms.toPrecision(3)} ms` : seconds(ms))
