import type { WebSocket } from 'ws'

/**
 * What may wait to be read; a client with more does not read. It has room for the first message of `seatChanges`: 10,000 seats
 * with `__typename`, `id` and three more fields are 1.4 MB, and the system's own buffer of a new connection takes little of it.
 */
export const WRITE_BUFFER_BYTES_MAX = 2 * 1024 * 1024

/**
 * Sends a text. A failure is no error here: the socket emits `close`.
 * @param sent called when the text has been sent or has failed
 */
export function sendTo(socket: WebSocket, text: string, sent: () => void): void {
  if (socket.readyState !== socket.OPEN) {
    sent()
    return
  }
  socket.send(text, sent)
  if (socket.bufferedAmount > WRITE_BUFFER_BYTES_MAX) socket.terminate()
}
