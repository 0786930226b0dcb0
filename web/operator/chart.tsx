/** A line of the last half hour. */
const HALF_HOUR_MS = 30 * 60_000

interface ChartProps {
  label: string
  points: readonly { at: number; value: number }[]
}

export function Chart({ label, points }: ChartProps) {
  const end = points.at(-1)?.at ?? 0
  const top = Math.max(1, ...points.map(({ value }) => value))
  const line = points
    .map(({ at, value }) => `${1_000 - ((end - at) / HALF_HOUR_MS) * 1_000},${98 - (value / top) * 96}`)
    .join(' ')
  return (
    <svg class="chart" viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label={label}>
      <polyline points={line} />
    </svg>
  )
}
