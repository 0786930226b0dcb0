import { Histogram, type Registry } from 'prom-client'
import type { ObservePushLatency } from '../queue/positions/push-latency.ts'

/** @returns observes the time from a change of a queue until its subscribers have been notified */
export function registerPushLatency(registry: Registry): ObservePushLatency {
  const latency = new Histogram({
    name: 'stagedoor_push_latency_seconds',
    help: 'From a change of a queue until it was sent: to those it admits or ends, to the front, to the whole queue.',
    labelNames: ['to'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  return (to, ms) => latency.observe({ to }, ms / 1_000)
}
