import type { TraceSpan, TraceRequest } from '../domain/trace.ts'
import { withTimeout } from '../domain/timeout.ts'
import type { Spans, TracingConfig } from './spans.ts'

export interface Tracing {
  start(): Promise<void>
  traceSpan: TraceSpan
  traceRequest: TraceRequest
  /** Sends what is left, if that takes a moment only; never rejects. */
  stop(): Promise<void>
}

const STOP_MS_MAX = 4_000

/** Traces, from the moment of `start`. */
export function createTracing(config: TracingConfig): Tracing {
  let spans: Spans | undefined
  return {
    start: async () => {
      const { createSpans } = await import('./spans.ts')
      spans = createSpans(config)
    },
    traceSpan: (name, attributes, run) => (spans ? spans.traceSpan(name, attributes, run) : run()),
    traceRequest: (asked) => (spans ? spans.traceRequest(asked) : asked.run()),
    stop: async () => {
      if (spans) await withTimeout(STOP_MS_MAX, spans.stop()).catch(() => undefined)
    },
  }
}
