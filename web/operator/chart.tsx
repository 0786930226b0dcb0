/** The last half hour of a figure, drawn, and in words for who does not see it. */
import { numberOf } from '../shared/i18n.ts'
import { stepsOf, type Point } from './steps.ts'
import { text } from './text.ts'

interface ChartProps {
  label: string
  points: readonly Point[]
  now: number
}

export function Chart({ label, points, now }: ChartProps) {
  const words = text()
  const steps = stepsOf(points, now)
  if (!steps) return null
  const [first, last, highest] = [steps.first, steps.last, steps.highest].map((value) =>
    numberOf(rounded(value)),
  ) as [string, string, string]
  return (
    <figure class="chart">
      <figcaption aria-hidden="true">{words.highest(highest)}</figcaption>
      <svg
        viewBox="0 0 1000 100"
        preserveAspectRatio="none"
        role="img"
        aria-label={words.chart(label, [first, last, highest])}
      >
        <path class="area" d={steps.area} />
        <path class="line" d={steps.line} />
      </svg>
      <figcaption aria-hidden="true">
        <span>{words.halfHourAgo}</span> <span>{words.now}</span>
      </figcaption>
    </figure>
  )
}

/** To a tenth: nobody reads more of it. */
export const rounded = (value: number): number => Math.round(value * 10) / 10
