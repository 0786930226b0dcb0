/** One socket under the protocol: what it may send, whether anybody is still there, and how it ends. */
import type { Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { CloseCode } from './close-codes.ts'

/** Two pings in a row that nobody answers, and the socket is gone: within 24 seconds. */
const PING_MS = 8_000
const UNANSWERED_MAX = 2

/** What may wait to be read at the other end; who is further behind does not read. */
const BEHIND_BYTES_MAX = 1024 * 1024

const MINUTE_MS = 60_000

export interface SocketOptions {
  messagesPerMinute: number
  /** Hears of what went wrong outside of any operation. */
  onBug: (error: unknown) => void
}

/** @param extra what the protocol's handlers know the socket by */
export function carry<Extra>(
  socket: WebSocket,
  extra: Extra,
  protocol: Server<Extra>,
  options: SocketOptions,
): void {
  const { messagesPerMinute, onBug } = options
  let handle: (message: string) => Promise<void> = () => Promise.resolve()
  const dropIfBehind = (): void => {
    if (socket.bufferedAmount > BEHIND_BYTES_MAX) socket.terminate()
  }

  const onClosed = protocol.opened(
    {
      protocol: socket.protocol,
      // What cannot be sent is no error here: the socket says itself that it is closed.
      send: (text) =>
        new Promise((sent) => {
          if (socket.readyState !== socket.OPEN) {
            sent()
            return
          }
          socket.send(text, () => sent())
          dropIfBehind()
        }),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handler) => {
        handle = handler
      },
    },
    extra,
  )

  let messages = 0
  const minute = setInterval(() => {
    messages = 0
  }, MINUTE_MS)
  socket.on('message', (data: Buffer) => {
    // Who was told to go may still be talking.
    if (socket.readyState !== socket.OPEN) return
    messages += 1
    if (messages > messagesPerMinute) {
      socket.close(CloseCode.TooMany, 'Too many messages')
      return
    }
    handle(data.toString()).catch((error: unknown) => {
      onBug(error)
      socket.close(CloseCode.InternalError, 'Something went wrong on our side')
    })
  })

  let unanswered = 0
  const pings = setInterval(() => {
    if (unanswered >= UNANSWERED_MAX) {
      socket.terminate()
      return
    }
    unanswered += 1
    socket.ping()
  }, PING_MS)
  socket.on('pong', () => {
    unanswered = 0
  })

  // ws closes a socket by itself then, with the code that fits.
  socket.on('error', () => undefined)
  socket.once('close', (code, reason) => {
    clearInterval(minute)
    clearInterval(pings)
    onClosed(code, reason.toString()).catch(onBug)
  })
}
