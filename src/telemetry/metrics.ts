/** All that /metrics shows. docs/operations.md tells what each figure means, and what to do about it. */
import type { Registry } from 'prom-client'
import type { Meter } from '../graphql/operation-metrics.ts'
import { createMetricsPage, type MetricsPageOptions } from './page.ts'
import { exposeProcess, type ProcessFigures } from './process.ts'
import { exposeRequests } from './requests.ts'
import { exposeStores, type Stores } from './stores.ts'

export interface MetricsOptions
  extends ProcessFigures, Stores, Pick<MetricsPageOptions, 'token' | 'open' | 'onBug'> {
  registry: Registry
  meter: Meter
}

export function createMetrics(options: MetricsOptions): { page: ReturnType<typeof createMetricsPage> } {
  const { registry, meter, token, open, onBug } = options
  exposeRequests(registry, meter)
  exposeProcess(registry, options)
  const refresh = exposeStores(registry, options)
  return { page: createMetricsPage({ registry, token, open, refresh, onBug }) }
}
