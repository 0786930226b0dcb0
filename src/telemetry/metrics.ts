/** The metrics of /metrics. docs/operations.md says what each of them means, and what to do about it. */
import type { Registry } from 'prom-client'
import { createMetricsEndpoint, type MetricsEndpointOptions } from './metrics-endpoint.ts'
import { registerProcessMetrics, type ProcessMetricsOptions } from './process.ts'
import { registerStoreMetrics, type StoreMetricsOptions } from './stores.ts'

export interface MetricsOptions
  extends ProcessMetricsOptions, StoreMetricsOptions, Omit<MetricsEndpointOptions, 'refresh'> {
  registry: Registry
}

/** @returns the handler of /metrics */
export function createMetrics(options: MetricsOptions): ReturnType<typeof createMetricsEndpoint> {
  registerProcessMetrics(options.registry, options)
  return createMetricsEndpoint({ ...options, refresh: registerStoreMetrics(options.registry, options) })
}
