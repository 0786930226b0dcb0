/** A process that repeats one request over many connections. */
import autocannon from 'autocannon'
import { readTask } from './programs.ts'

export interface LoadTask {
  url: string
  headers: Record<string, string>
  body: string
  connections: number
  seconds: number
}

export interface LoadResult {
  perSecond: number
  requests: number
  p50: number
  p99: number
}

const { url, headers, body, connections, seconds } = await readTask<LoadTask>()
const result = await autocannon({ url, method: 'POST', headers, body, connections, duration: seconds })
if (result.errors > 0 || result.non2xx > 0) {
  throw new Error(`${result.errors} errors, ${result.non2xx} responses other than 200`)
}
const loaded: LoadResult = {
  perSecond: result.requests.total / result.duration,
  requests: result.requests.total,
  p50: result.latency.p50,
  p99: result.latency.p99,
}
process.stdout.write(JSON.stringify(loaded))
