/** The last half hour of a statistic as a line, with a description for screen readers. */
import { formatNumber } from '../shared/i18n.ts'
import { chartPath, type Point } from './chart-path.ts'
import { getMessages } from './messages.ts'

interface ChartProps {
  label: string
  points: readonly Point[]
  now: number
}

export function Chart({ label, points, now }: ChartProps) {
  const messages = getMessages()
  const steps = chartPath(points, now)
  if (!steps) return null
  const [first, last, highest] = [steps.first, steps.last, steps.highest].map((value) =>
    formatNumber(roundToTenth(value)),
  ) as [string, string, string]
  return (
    <figure class="chart">
      <figcaption aria-hidden="true">{messages.highest(highest)}</figcaption>
      <svg
        viewBox="0 0 1000 100"
        preserveAspectRatio="none"
        role="img"
        aria-label={messages.chart(label, [first, last, highest])}
      >
        <path class="area" d={steps.area} />
        <path class="line" d={steps.line} />
      </svg>
      <figcaption aria-hidden="true">
        <span>{messages.halfHourAgo}</span> <span>{messages.now}</span>
      </figcaption>
    </figure>
  )
}

/** To a tenth: nobody reads more of it. */
export const roundToTenth = (value: number): number => Math.round(value * 10) / 10
