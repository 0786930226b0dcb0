/** What a Prometheus would have read. */

export interface Scrape {
  /** The value of a series; `labels` may leave some out, and what fits is summed up. Undefined: there is none. */
  value: (name: string, labels?: Record<string, string>) => number | undefined
  /** Names of all metrics, each with its kind. */
  metrics: Map<string, string>
  text: string
}

interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

const LINE = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** @param url of the GraphQL endpoint of the server */
export async function scrape(url: string, headers: Record<string, string> = {}): Promise<Scrape> {
  const response = await fetch(new URL('/metrics', url), { headers })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status} ${text}`)
  const metrics = new Map<string, string>()
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const [, name = '', kind = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (name) metrics.set(name, kind)
    const sample = LINE.exec(line)
    if (!sample) {
      if (line && !line.startsWith('#')) throw new Error(`not a sample: ${line}`)
      continue
    }
    const labels = [...(sample[2] ?? '').matchAll(LABEL)].map(
      ([, label = '', value = '']) => [label, value] as const,
    )
    samples.push({ name: sample[1] ?? '', labels: Object.fromEntries(labels), value: Number(sample[3]) })
  }
  return {
    text,
    metrics,
    value: (name, wanted = {}) => {
      const fits = samples.filter(
        (sample) =>
          sample.name === name &&
          Object.entries(wanted).every(([label, value]) => sample.labels[label] === value),
      )
      return fits.length === 0 ? undefined : fits.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

/** The same, when both stores have answered in time: a busy machine may need another try. */
export async function scrapeAll(url: string): Promise<Scrape> {
  for (let tries = 0; tries < 20; tries++) {
    const scraped = await scrape(url)
    if (scraped.value('stagedoor_up') === 2) return scraped
  }
  throw new Error('the stores do not answer')
}
