/** A batch of requests to the API, with bounded concurrency. */
import autocannon from 'autocannon'

export interface BatchedRequest {
  headers: Record<string, string>
  body: string
}

export interface RequestBatch {
  url: string
  concurrency: number
  batch: BatchedRequest[]
}

export interface BatchResult {
  perSecond: number
  /** Of the latency, in milliseconds. */
  p50: number
  p99: number
  /** Of the responses, in the order of the requests. */
  bodies: string[]
}

/** @throws Error when a request gets no response, or a status other than 2xx */
export async function sendBatch({ url, concurrency, batch }: RequestBatch): Promise<BatchResult> {
  const bodies: string[] = []
  let next = 0
  const began = performance.now()
  let ended = began
  const result = await autocannon({
    url,
    connections: concurrency,
    amount: batch.length,
    requests: [
      {
        method: 'POST',
        setupRequest: (request, context: { index?: number }) => {
          context.index = next++
          const { headers, body } = batch[context.index % batch.length] as BatchedRequest
          return { ...request, headers: { ...headers, 'content-type': 'application/json' }, body }
        },
        onResponse: (_, body, context: { index?: number }) => {
          bodies[context.index ?? 0] = body
          ended = performance.now()
        },
      },
    ],
  })
  if (result.errors > 0 || result.non2xx > 0)
    throw new Error(`${result.errors} errors, ${result.non2xx} failed`)
  return {
    perSecond: (batch.length / (ended - began)) * 1_000,
    p50: result.latency.p50,
    p99: result.latency.p99,
    bodies,
  }
}
