/** Results of a benchmark, and their summary. */

/** One comparison: a value for each round, ours and the reference's. */
export interface Row {
  name: string
  /** `requests/s`, `ms` … */
  unit: string
  ours: readonly number[]
  reference?: { name: string; values: readonly number[] }
  /** For the ratio of ours to the reference; without a reference, for ours. */
  goal?: { atLeast: number } | { atMost: number }
  /** Other values of ours: CPU per operation, percentiles, memory. */
  notes: readonly string[]
}

export interface Summary extends Row {
  ratio?: { median: number; low: number; high: number }
  reached?: boolean
}

/** @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const high = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? NaN)) / 2
}

/** Nearest-rank percentile. @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

export function summarize(row: Row): Summary {
  const ratios = row.reference?.values.map((value, round) => (row.ours[round] ?? NaN) / value)
  const ratio = ratios && { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) }
  const judged = ratio?.median ?? median(row.ours)
  const reached = row.goal && ('atLeast' in row.goal ? judged >= row.goal.atLeast : judged <= row.goal.atMost)
  return { ...row, ...(ratio && { ratio }), ...(reached !== undefined && { reached }) }
}

const short = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))

/** A Markdown table. */
export function markdownTable(summaries: readonly Summary[]): string {
  const lines = summaries.map(({ name: what, unit, ours, reference, ratio, goal, reached, notes }) => {
    const wanted = goal && ('atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`)
    return [
      what,
      `${short(median(ours))} ${unit}`,
      reference ? `${short(median(reference.values))} (${reference.name})` : '',
      ratio ? `${short(ratio.median)} (${short(ratio.low)}–${short(ratio.high)})` : '',
      wanted ? `${wanted} ${reached ? '✓' : '✗'}` : '',
      notes.join('; '),
    ].join(' | ')
  })
  const head = ['what', 'ours', 'reference', 'ratio: median (range)', 'goal', 'more'].join(' | ')
  return [head, '--- | --- | --- | --- | --- | ---', ...lines].map((line) => `| ${line} |`).join('\n')
}
