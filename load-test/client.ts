/** The clients of a load test: one for each buyer, with a WebSocket of its own. Buyers share the connections for requests. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, createClient, type Client, type Credentials } from '../client/client.ts'
import { nodeFetch, nodeWebSocket } from '../client/node.ts'

/** Longer than any deadline of a server. */
const TIMEOUT_MS = 15_000
const ATTEMPTS_MAX = 30

export interface ClientOptions {
  /** Of the GraphQL endpoint. */
  url: string
  /** HTTP connections from each source address. */
  connectionsMax: number
  /** Ends every wait and every request that is sent after it. */
  signal: AbortSignal
  random: () => number
  /** Called for every response to an operation. */
  onResponse: (operationName: string, ms: number) => void
  /** Called for every error, with its code. */
  onError: (code: string) => void
}

/** @returns what creates the client of the buyer with an index, from one of the source addresses in turn */
export function createClients({ url, connectionsMax, signal, random, onResponse, onError }: ClientOptions) {
  const connections = sourceAddresses(new URL(url)).map((options) => ({
    fetch: nodeFetch({ maxSockets: connectionsMax, ...options }),
    webSocketImpl: nodeWebSocket(options),
  }))

  return (
    index: number,
    credentials: Credentials = {},
    onConnection: (connected: boolean) => void = () => undefined,
  ): Client => {
    const { fetch, webSocketImpl } = connections[index % connections.length] as (typeof connections)[number]
    const client = createClient({
      url,
      credentials,
      webSocketImpl,
      random,
      transport: 'websocket',
      timeoutMs: TIMEOUT_MS,
      attemptsMax: ATTEMPTS_MAX,
      fetch: (target, init) => {
        if (signal.aborted) throw new ApiError('the load test was stopped', 'STOPPED')
        return fetch(target, init)
      },
      sleep: (ms) => sleep(ms, undefined, { signal }).catch(() => undefined),
      onResponse: ({ operationName = '', sentAt }) => onResponse(operationName, performance.now() - sentAt),
      onRetry: onError,
      onConnection,
    })
    const request: Client['request'] = (document, variables, more) =>
      client.request(document, variables, more).catch((error: unknown) => {
        if (error instanceof ApiError && !signal.aborted) onError(error.code)
        throw error
      })
    return { ...client, request }
  }
}

/** Buyers have many addresses; on the loopback interface of Linux, each with its own ports and limits, the load test does too. */
function sourceAddresses({ hostname }: URL): { localAddress?: string }[] {
  const local = process.platform === 'linux' && hostname.startsWith('127.')
  return local ? Array.from({ length: 16 }, (_, index) => ({ localAddress: `127.0.0.${index + 2}` })) : [{}]
}
