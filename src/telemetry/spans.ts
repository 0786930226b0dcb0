/** OpenTelemetry. It takes 60 ms to load, so tracing.ts loads it only when traces are exported. */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import type { TraceSpan, TraceRequest } from '../domain/trace.ts'

export interface TracingConfig {
  /** Of a collector with OTLP over HTTP. */
  endpoint: string
  serviceName: string
  /** The share of traces that is kept, from 0 to 1. */
  sampleRatio: number
}

export interface Spans {
  traceSpan: TraceSpan
  traceRequest: TraceRequest
  /** Sends the remaining spans, and stops. */
  stop: () => Promise<void>
}

/** Spans that wait to be sent; more are dropped, and no request waits. */
const SPAN_QUEUE_MAX = 4_096
const SEND_EVERY_MS = 1_000
const SEND_MS_MAX = 3_000

export function createSpans({ endpoint, serviceName, sampleRatio }: TracingConfig): Spans {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`
  const ratioSampler = new TraceIdRatioBasedSampler(sampleRatio)
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    // A client may turn sampling off for its trace, but not on.
    sampler: new ParentBasedSampler({ root: ratioSampler, remoteParentSampled: ratioSampler }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: SEND_MS_MAX }), {
        maxQueueSize: SPAN_QUEUE_MAX,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_MS_MAX,
      }),
    ],
  })
  const tracer = provider.getTracer('stagedoor')
  const propagator = new W3CTraceContextPropagator()
  const current = new AsyncLocalStorage<Context>()

  async function runIn<T>(span: Span, parent: Context, run: () => Promise<T>): Promise<T> {
    try {
      return await current.run(trace.setSpan(parent, span), run)
    } catch (error) {
      // Not the message: it may repeat parts of the request.
      const message = error instanceof Error ? error.name : 'Error'
      span.setStatus({ code: SpanStatusCode.ERROR, message })
      throw error
    } finally {
      span.end()
    }
  }

  return {
    traceSpan: (name, attributes, run) => {
      const parent = current.getStore()
      if (!parent) return run()
      return runIn(tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent), parent, run)
    },
    traceRequest: ({ name, attributes, traceparent, run, errorMessageOf }) => {
      const parent = propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
      if (!span.isRecording()) return run()
      return runIn(span, parent, async () => {
        const result = await run()
        const message = errorMessageOf(result)
        if (message !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message })
        return result
      })
    },
    stop: () => provider.shutdown(),
  }
}
