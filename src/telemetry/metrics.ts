/** The metrics of /metrics. docs/operations.md says what each of them means, and what to do about it. */
import { Registry } from 'prom-client'
import type { OperationMetrics } from '../graphql/operation-metrics.ts'
import type { ObservePushLatency } from '../queue/positions/push-latency.ts'
import { createMetricsEndpoint, type MetricsEndpointOptions } from './metrics-endpoint.ts'
import { registerProcessMetrics, type ProcessMetricsOptions } from './process.ts'
import { registerPushLatency } from './push-latency.ts'
import { createRequestMetrics } from './requests.ts'
import { registerStoreMetrics, type StoreMetricsOptions } from './stores.ts'

export interface EndpointOptions
  extends ProcessMetricsOptions, StoreMetricsOptions, Omit<MetricsEndpointOptions, 'registry' | 'refresh'> {}

/** The metrics of one server. */
export interface Metrics {
  observePushLatency: ObservePushLatency
  /** @param names of the operations of the schema */
  forOperations(names: readonly string[]): OperationMetrics
  /** Registers the metrics of the process and the stores. @returns the handler of /metrics */
  createEndpoint(options: EndpointOptions): ReturnType<typeof createMetricsEndpoint>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  return {
    observePushLatency: registerPushLatency(registry),
    forOperations: (names) => createRequestMetrics(registry, names),
    createEndpoint: (options) => {
      registerProcessMetrics(registry, options)
      return createMetricsEndpoint({
        ...options,
        registry,
        refresh: registerStoreMetrics(registry, options),
      })
    },
  }
}
