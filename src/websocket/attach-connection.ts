/** Connects a socket to the protocol, with limits on what it sends and on what waits to be read by its client. */
import type { Server } from 'graphql-ws'
import { CloseCode } from './close-codes.ts'
import type { MemoryBudget } from './memory-budget.ts'
import type { Connection } from './protocol.ts'
import { sendTo } from './send.ts'

/** Messages of the operations of one socket that have not ended; a subscription has not, while it is open. */
const RUNNING_BYTES_MAX = 256 * 1024

const MINUTE_MS = 60_000

export interface ConnectionOptions {
  messagesPerMinute: number
  /** For the messages of operations that have not ended, of all sockets together. */
  memory: MemoryBudget
  /** Logs an error outside of any operation. */
  onBug: (error: unknown) => unknown
}

export function attachConnection(
  connection: Connection,
  protocol: Server<Connection>,
  { messagesPerMinute, memory, onBug }: ConnectionOptions,
): void {
  const { socket } = connection
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
    connection,
  )

  let runningBytes = 0
  let messages = 0
  let minuteEndsAt = performance.now() + MINUTE_MS
  socket.on('message', (data: Buffer) => {
    // The client may go on sending while the socket is being closed.
    if (socket.readyState !== socket.OPEN) return
    const now = performance.now()
    if (now >= minuteEndsAt) {
      messages = 0
      minuteEndsAt = now + MINUTE_MS
    }
    messages += 1
    if (messages > messagesPerMinute) {
      socket.close(CloseCode.LimitExceeded, 'Too many messages')
      return
    }
    const bytes = data.length
    if (runningBytes + bytes > RUNNING_BYTES_MAX || !memory.reserve(bytes)) {
      socket.close(CloseCode.LimitExceeded, 'Too much at once')
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

  // ws closes the socket itself, with a code for the error.
  socket.on('error', () => undefined)
  socket.once('close', (code, reason) => {
    onClosed(code, reason.toString()).catch(onBug)
  })
}
