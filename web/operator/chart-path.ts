/** The last half hour of a figure: it stays where it is until something else is known. */

export interface Point {
  /** Milliseconds since 1970. */
  at: number
  value: number
}

export interface ChartPath {
  /** Of an SVG that is 1000 wide and 100 high. */
  line: string
  area: string
  first: number
  last: number
  highest: number
}

const HALF_HOUR_MS = 30 * 60_000
/** So that the line is not cut in half where it is highest and lowest. */
const [TOP, BOTTOM] = [3, 97]

/**
 * @param points in order of time
 * @param now where the line ends, whenever something was heard last
 * @returns null: nothing is known
 */
export function chartPath(points: readonly Point[], now: number): ChartPath | null {
  const from = now - HALF_HOUR_MS
  // What was known last before that is how it stood when the half hour began.
  const before = points.filter(({ at }) => at <= from).length
  const shown = points.slice(Math.max(0, before - 1))
  const [begin, end] = [shown[0], shown[shown.length - 1]]
  if (!begin || !end) return null
  const highest = Math.max(...shown.map(({ value }) => value))
  const x = ({ at }: Point): string => ((Math.max(0, at - from) / HALF_HOUR_MS) * 1_000).toFixed(1)
  const y = ({ value }: Point): string => (BOTTOM - (value / (highest || 1)) * (BOTTOM - TOP)).toFixed(1)
  const steps = shown.slice(1).map((point) => `H${x(point)}V${y(point)}`)
  const line = `M${x(begin)} ${y(begin)}${steps.join('')}H1000`
  return { line, area: `${line}V100H${x(begin)}Z`, first: begin.value, last: end.value, highest }
}
