/** OpenTelemetry. It takes 60 ms to load, so tracing.ts does when there is somebody to send to. */
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
  /** Of a collector that takes OTLP over HTTP. */
  endpoint: string
  serviceName: string
  /** How many of the traces are kept, from 0 to 1. */
  share: number
}

export interface Spans {
  traceSpan: TraceSpan
  traceRequest: TraceRequest
  /** Sends what is left, and no more. */
  stop: () => Promise<void>
}

/** What waits to be sent is bounded: what is more is lost, and nobody waits. */
const SPAN_QUEUE_MAX = 4_096
const SEND_EVERY_MS = 1_000
const SEND_MS_MAX = 3_000

export function createSpans({ endpoint, serviceName, share }: TracingConfig): Spans {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`
  const ofShare = new TraceIdRatioBasedSampler(share)
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    // A client may say that its trace is not kept, but not that it is: everybody can be a client.
    sampler: new ParentBasedSampler({ root: ofShare, remoteParentSampled: ofShare }),
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

  async function runIn<T>(span: Span, around: Context, run: () => Promise<T>): Promise<T> {
    try {
      return await current.run(trace.setSpan(around, span), run)
    } catch (error) {
      // Not the message: it may repeat what a client has sent.
      const message = error instanceof Error ? error.name : 'Error'
      span.setStatus({ code: SpanStatusCode.ERROR, message })
      throw error
    } finally {
      span.end()
    }
  }

  return {
    traceSpan: (name, attributes, run) => {
      const around = current.getStore()
      if (!around) return run()
      return runIn(tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, around), around, run)
    },
    traceRequest: ({ name, attributes, traceparent, run, errorMessageOf: problemOf }) => {
      const around = propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, around)
      if (!span.isRecording()) return run()
      return runIn(span, around, async () => {
        const result = await run()
        const message = problemOf(result)
        if (message !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message })
        return result
      })
    },
    stop: () => provider.shutdown(),
  }
}
