import type { TracePart, TraceWhole } from '../domain/trace.ts'
import { within } from '../domain/timeout.ts'
import type { Spans, TracesConfig } from './spans.ts'

export interface Tracing {
  start(): Promise<void>
  part: TracePart
  whole: TraceWhole
  /** Sends what is left, if that takes a moment only; never rejects. */
  stop(): Promise<void>
}

const STOP_MS_MAX = 4_000

/** Traces, from the moment of `start`. */
export function createTracing(config: TracesConfig): Tracing {
  let spans: Spans | undefined
  return {
    start: async () => {
      const { createSpans } = await import('./spans.ts')
      spans = createSpans(config)
    },
    part: (name, attributes, run) => (spans ? spans.part(name, attributes, run) : run()),
    whole: (asked) => (spans ? spans.whole(asked) : asked.run()),
    stop: async () => {
      if (spans) await within(STOP_MS_MAX, spans.stop()).catch(() => undefined)
    },
  }
}
