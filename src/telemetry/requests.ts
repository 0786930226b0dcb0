/** Requests by operation, as the meter has counted them. */
import { Counter, Histogram, type Registry } from 'prom-client'
import {
  DURATION_BOUNDS_MS,
  type OperationMetrics,
  type OperationStats,
} from '../graphql/operation-metrics.ts'

const BOUNDS_SECONDS = DURATION_BOUNDS_MS.map((ms) => ms / 1_000)

export function registerRequestMetrics(registry: Registry, meter: OperationMetrics): void {
  new Counter({
    name: 'stagedoor_requests_total',
    help: 'Operations that clients asked for: by the field on top, and ok, refused, or the code of the error.',
    labelNames: ['operation', 'outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { operation, ok, refused, failed } of meter.stats()) {
        this.inc({ operation, outcome: 'ok' }, ok)
        this.inc({ operation, outcome: 'refused' }, refused)
        for (const [outcome, count] of failed) this.inc({ operation, outcome }, count)
      }
    },
  })
  new Durations(registry, meter)
}

const NAME = 'stagedoor_request_duration_seconds'
const HELP = 'How long queries and mutations took to run, without parsing, reading and writing.'

/** A histogram that is counted elsewhere: one of prom-client would build its key anew for each request. */
class Durations extends Histogram<'operation'> {
  private readonly meter: OperationMetrics

  constructor(registry: Registry, meter: OperationMetrics) {
    super({
      name: NAME,
      help: HELP,
      labelNames: ['operation'],
      buckets: BOUNDS_SECONDS,
      registers: [registry],
    })
    this.meter = meter
  }

  /** What the registry makes its text of, and `get` what it returns; its types do not know it. */
  getForPromString() {
    const values = [...this.meter.stats()].flatMap(samplesOf)
    return Promise.resolve({ name: NAME, help: HELP, type: 'histogram', aggregator: 'sum', values })
  }
}

function samplesOf({ operation, durations, durationMsSum }: OperationStats) {
  let count = 0
  const buckets = durations.map((more, index) => {
    count += more
    return {
      metricName: `${NAME}_bucket`,
      labels: { operation, le: BOUNDS_SECONDS[index] ?? '+Inf' },
      value: count,
    }
  })
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels: { operation }, value: durationMsSum / 1_000 },
    { metricName: `${NAME}_count`, labels: { operation }, value: count },
  ]
}
