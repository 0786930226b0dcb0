/** What Node 20 lacks for the client: a WebSocket. */
import { WebSocket, type ClientOptions } from 'ws'

/** @param options of ws for every socket: `localAddress`, say */
export const nodeWebSocket = (options: ClientOptions = {}) =>
  class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { perMessageDeflate: false, ...options })
      // graphql-ws removes its listeners when it closes a socket; ws still emits errors after that.
      this.on('error', () => undefined)
    }
  }
