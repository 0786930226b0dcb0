/** A chart of a sale over time, as a self-contained SVG in light and dark colours. */
import type { Sample } from './stats.ts'

export interface ChartOptions {
  title: string
  samples: readonly Sample[]
  /** The capacity of the queue, and the number of seats; null: not known. */
  capacity: number
  seats: number | null
}

const WIDTH = 900
const PANEL = { left: 80, right: 120, height: 130, gap: 50, top: 70 }
const PLOT_WIDTH = WIDTH - PANEL.left - PANEL.right

interface Panel {
  name: string
  className: string
  value: (sample: Sample) => number
  limit: { value: number; name: string } | null
}

/** Three panels over one time axis, each with its own scale: thousands wait while two hundred are admitted. */
export function renderChart({ title, samples, capacity, seats }: ChartOptions): string {
  const panels: Panel[] = [
    { name: 'waiting', className: 'waiting', value: ({ waiting }) => waiting, limit: null },
    {
      name: 'admitted',
      className: 'admitted',
      value: ({ admitted }) => admitted,
      limit: { value: capacity, name: `capacity ${capacity}` },
    },
    {
      name: 'seats sold',
      className: 'sold',
      value: ({ sold }) => sold,
      limit: seats === null ? null : { value: seats, name: `seats ${seats}` },
    },
  ]
  const endMs = Math.max(1, samples.at(-1)?.at ?? 0)
  const height = PANEL.top + panels.length * (PANEL.height + PANEL.gap) + 20
  const drawn = panels.map((panel, index) =>
    draw(panel, samples, endMs, PANEL.top + index * (PANEL.height + PANEL.gap)),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}: buyers waiting and admitted, and seats sold, over time</title>
<style>
  svg { color-scheme: light dark; background: #ffffff; font: 13px system-ui, sans-serif }
  text { fill: #1f2933 } .faint { fill: #52606d }
  .grid { stroke: #d9e2ec } .axis { stroke: #52606d } .limit { stroke: #52606d; stroke-dasharray: 6 4 }
  .line { fill: none; stroke-width: 2 }
  .waiting { stroke: #b44d12 } .admitted { stroke: #0b69a3 } .sold { stroke: #207227 }
  @media (prefers-color-scheme: dark) {
    svg { background: #14181d } text { fill: #f0f4f8 } .faint { fill: #9fb3c8 }
    .grid { stroke: #323f4b } .axis, .limit { stroke: #9fb3c8 }
    .waiting { stroke: #f7a35c } .admitted { stroke: #62b0e8 } .sold { stroke: #74d680 }
  }
</style>
<text x="${PANEL.left}" y="30" font-size="18">${escaped(title)}</text>
${drawn.join('\n')}
<text class="faint" x="${PANEL.left + PLOT_WIDTH / 2}" y="${height - 12}" text-anchor="middle">seconds since the start of the sale</text>
</svg>
`
}

function draw(panel: Panel, samples: readonly Sample[], endMs: number, top: number): string {
  const { name, className, value, limit } = panel
  const bottom = top + PANEL.height
  const right = PANEL.left + PLOT_WIDTH
  const most = samples.reduce((max, sample) => Math.max(max, value(sample)), limit?.value ?? 0)
  const ticksY = ticks(most, 4)
  const ceiling = Math.max(1, most, ticksY.at(-1) ?? 0)
  const x = (ms: number): string => (PANEL.left + (ms / endMs) * PLOT_WIDTH).toFixed(1)
  const y = (amount: number): string => (bottom - (amount / ceiling) * PANEL.height).toFixed(1)

  const rows = ticksY.map(
    (tick) => `<line class="grid" x1="${PANEL.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text class="faint" x="${PANEL.left - 8}" y="${Number(y(tick)) + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
  )
  const columns = ticks(endMs / 1_000, 8).map(
    (
      tick,
    ) => `<line class="axis" x1="${x(tick * 1_000)}" x2="${x(tick * 1_000)}" y1="${bottom}" y2="${bottom + 5}"/>
<text class="faint" x="${x(tick * 1_000)}" y="${bottom + 19}" text-anchor="middle">${tick}</text>`,
  )
  const line = samples.map((sample) => `${x(sample.at)},${y(value(sample))}`).join(' ')
  const border =
    limit &&
    `<line class="limit" x1="${PANEL.left}" x2="${right}" y1="${y(limit.value)}" y2="${y(limit.value)}"/>
<text class="faint" x="${right + 8}" y="${Number(y(limit.value)) + 4}">${escaped(limit.name)}</text>`
  return `<g>
${rows.join('\n')}
${columns.join('\n')}
<line class="axis" x1="${PANEL.left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
<line class="line ${className}" x1="${PANEL.left}" x2="${PANEL.left + 22}" y1="${top - 16}" y2="${top - 16}"/>
<text x="${PANEL.left + 30}" y="${top - 12}">${name}</text>
${border ?? ''}
<polyline class="line ${className}" points="${line}"/>
</g>`
}

/** Round numbers from 0 on, up to the one at or below `most`; about as many as wanted. */
function ticks(most: number, wanted: number): number[] {
  const raw = most / wanted
  if (raw <= 0) return [0]
  const magnitude = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((factor) => factor * magnitude >= raw) ?? 10) * magnitude
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  )
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
