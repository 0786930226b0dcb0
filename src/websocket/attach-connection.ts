/** One socket under the protocol: what it may send, how far it may be behind, and how it ends. */
import type { Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { CloseCode } from './close-codes.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** What may wait to be read at the other end; who is further behind does not read. */
const WRITE_BUFFER_BYTES_MAX = 1024 * 1024

/** What the operations of one socket that have not ended may have been sent with: a subscription has not, while it is open. */
const RUNNING_BYTES_MAX = 256 * 1024

const MINUTE_MS = 60_000

export interface ConnectionOptions {
  messagesPerMinute: number
  /** For the messages of operations that have not ended, of all sockets together. */
  memory: MemoryBudget
  /** Hears of what went wrong outside of any operation. */
  onBug: (error: unknown) => unknown
}

/**
 * Sends a text. What cannot be sent is no error here: the socket says itself that it is closed.
 * @param sent is called when it is on its way, or never will be
 */
export function sendTo(socket: WebSocket, text: string, sent: () => void): void {
  if (socket.readyState !== socket.OPEN) {
    sent()
    return
  }
  socket.send(text, sent)
  if (socket.bufferedAmount > WRITE_BUFFER_BYTES_MAX) socket.terminate()
}

/** @param extra what the protocol's handlers know the socket by */
export function attachConnection<Extra>(
  socket: WebSocket,
  extra: Extra,
  protocol: Server<Extra>,
  options: ConnectionOptions,
): void {
  const { messagesPerMinute, memory, onBug } = options
  let handle: (message: string) => Promise<void> = () => Promise.resolve()
  const onClosed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => new Promise((sent) => sendTo(socket, text, sent)),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handler) => {
        handle = handler
      },
    },
    extra,
  )

  let runningBytes = 0
  let messages = 0
  let minuteEndsAt = performance.now() + MINUTE_MS
  socket.on('message', (data: Buffer) => {
    // Who was told to go may still be talking.
    if (socket.readyState !== socket.OPEN) return
    const time = performance.now()
    if (time >= minuteEndsAt) {
      messages = 0
      minuteEndsAt = time + MINUTE_MS
    }
    messages += 1
    if (messages > messagesPerMinute) {
      socket.close(CloseCode.TooMany, 'Too many messages')
      return
    }
    const bytes = data.length
    if (runningBytes + bytes > RUNNING_BYTES_MAX || !memory.reserve(bytes)) {
      socket.close(CloseCode.TooMany, 'Too much at once')
      return
    }
    runningBytes += bytes
    // Resolves when the operation has ended, and for other messages at once.
    void handle(data.toString())
      .catch((error: unknown) => {
        onBug(error)
        socket.close(CloseCode.InternalError, 'Something went wrong on our side')
      })
      .finally(() => {
        runningBytes -= bytes
        memory.release(bytes)
      })
  })

  // ws closes a socket by itself then, with the code that fits.
  socket.on('error', () => undefined)
  socket.once('close', (code, reason) => {
    onClosed(code, reason.toString()).catch(onBug)
  })
}
