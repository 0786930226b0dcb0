/** All that /metrics shows. docs/operations.md tells what each figure means, and what to do about it. */
import type { Registry } from 'prom-client'
import type { OperationMetrics } from '../graphql/operation-metrics.ts'
import { createMetricsEndpoint, type MetricsEndpointOptions } from './metrics-endpoint.ts'
import { registerProcessMetrics, type ProcessMetricsOptions } from './process.ts'
import { registerRequestMetrics } from './requests.ts'
import { registerStoreMetrics, type StoreMetricsOptions } from './stores.ts'

export interface MetricsOptions
  extends
    ProcessMetricsOptions,
    StoreMetricsOptions,
    Pick<MetricsEndpointOptions, 'token' | 'open' | 'onBug'> {
  registry: Registry
  operationMetrics: OperationMetrics
}

export function createMetrics(options: MetricsOptions): { page: ReturnType<typeof createMetricsEndpoint> } {
  const { registry, operationMetrics: meter, token, open, onBug } = options
  registerRequestMetrics(registry, meter)
  registerProcessMetrics(registry, options)
  const refresh = registerStoreMetrics(registry, options)
  return { page: createMetricsEndpoint({ registry, token, open, refresh, onBug }) }
}
