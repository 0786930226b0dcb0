/** The server's clock. The browser's may be wrong by hours, and may be corrected in the middle of a sale. */

/** Added to performance.now(), in milliseconds, with the error that it may have. */
let offset = { ms: Date.now() - performance.now(), errorMs: Infinity }

/** @param date the Date header of a response, in whole seconds; @param sentAt performance.now() when the request was sent */
export function syncServerClock(date: string | null, sentAt: number): void {
  const serverTime = date === null ? NaN : Date.parse(date)
  if (Number.isNaN(serverTime)) return
  const arrivedAt = performance.now()
  const errorMs = (arrivedAt - sentAt) / 2 + 500
  const ms = serverTime + 500 - (sentAt + arrivedAt) / 2
  // The more exact measurement wins. If both cannot be right, the device slept, and its clock may have stopped: the new one wins.
  const agrees = Math.abs(ms - offset.ms) <= errorMs + offset.errorMs
  if (agrees && errorMs > offset.errorMs) return
  offset = { ms, errorMs }
}

/** Milliseconds since 1970, as the server has it. */
export const serverNow = (): number => performance.now() + offset.ms
