import type { TraceSpan, TraceRequest } from '../domain/trace.ts'
import { withTimeout } from '../domain/timeout.ts'
import type { Spans, TracingConfig } from './spans.ts'

export interface Tracing {
  start(): Promise<void>
  traceSpan: TraceSpan
  traceRequest: TraceRequest
  /** Sends the remaining spans, within a few seconds; never rejects. */
  stop(): Promise<void>
}

const STOP_MS_MAX = 4_000

/** Traces from `start` on. */
export function createTracing(config: TracingConfig): Tracing {
  let spans: Spans | undefined
  return {
    start: async () => {
      const { createSpans } = await import('./spans.ts')
      spans = createSpans(config)
    },
    traceSpan: (name, attributes, run) => (spans ? spans.traceSpan(name, attributes, run) : run()),
    traceRequest: (request) => (spans ? spans.traceRequest(request) : request.run()),
    stop: async () => {
      if (spans) await withTimeout(STOP_MS_MAX, spans.stop()).catch(() => undefined)
    },
  }
}
