/** Operations by name: how many, with which outcome, and how long they took. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { OperationMetrics } from '../graphql/operation-metrics.ts'

/** Present from the start: Prometheus sees no increase in a series that begins with its first value. */
const INITIAL_OUTCOMES = ['ok', 'refused', 'INTERNAL', 'OVERLOADED']

/** @param operations every name under which an operation can be counted */
export function createRequestMetrics(registry: Registry, operations: readonly string[]): OperationMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'stagedoor_requests_total',
    help: 'Operations by root field and outcome: ok, refused, or the code of the error.',
    labelNames: ['operation', 'outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'stagedoor_request_duration_seconds',
    help: 'Duration of queries and mutations, without parsing the request and sending the response.',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const subscriptions = new Gauge({
    name: 'stagedoor_subscriptions',
    help: 'Open subscriptions, over all transports.',
    registers,
  })
  for (const operation of operations) {
    for (const outcome of INITIAL_OUTCOMES) requests.inc({ operation, outcome }, 0)
    durations.zero({ operation })
  }
  return {
    record: (operation, outcome, ms) => {
      requests.inc({ operation, outcome })
      if (ms !== undefined) durations.observe({ operation }, ms / 1_000)
    },
    subscriptionStarted: () => subscriptions.inc(),
    subscriptionEnded: () => subscriptions.dec(),
  }
}
