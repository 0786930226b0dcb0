/** What Node lacks for the client: a WebSocket (before Node 22), and a fetch whose connections can be chosen. */
import { Agent as HttpAgent, request as httpRequest, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { WebSocket, type ClientOptions } from 'ws'
import type { Fetch } from './http.ts'

/** @param options of ws for every socket: `localAddress`, say */
export const nodeWebSocket = (options: ClientOptions = {}) =>
  class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { perMessageDeflate: false, ...options })
      // graphql-ws removes its listeners when it closes a socket; ws still emits errors after that.
      this.on('error', () => undefined)
    }
  }

/**
 * A fetch over keep-alive connections of its own.
 * @param options of its agents: `maxSockets`, `localAddress`
 */
export function nodeFetch(options: AgentOptions = {}): Fetch {
  const http = new HttpAgent({ keepAlive: true, ...options })
  const https = new HttpsAgent({ keepAlive: true, ...options })
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const secure = url.startsWith('https:')
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        {
          method,
          signal,
          agent: secure ? https : http,
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        },
        (response) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: { get: (name) => response.headers[name.toLowerCase()]?.toString() ?? null },
            text: () => text(response),
          }),
      )
      request.on('error', reject).end(body)
    })
}
