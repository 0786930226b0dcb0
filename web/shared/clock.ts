/** The server's clock: the browser's may be wrong by hours, and may be set right in the middle of a sale. */

/** What to add to the time since the page was loaded, in milliseconds, and how far that may be off. */
let offset = { ms: Date.now() - performance.now(), errorMs: Infinity }

/** @param date the Date header of an answer, which has whole seconds; @param askedAt when it was asked for: performance.now() */
export function syncServerClock(date: string | null, askedAt: number): void {
  const sent = date === null ? NaN : Date.parse(date)
  if (Number.isNaN(sent)) return
  const arrivedAt = performance.now()
  const errorMs = (arrivedAt - askedAt) / 2 + 500
  const ms = sent + 500 - (askedAt + arrivedAt) / 2
  // A closer look is better. Two that cannot both be right: the device slept, and some clocks sleep with it.
  const agrees = Math.abs(ms - offset.ms) <= errorMs + offset.errorMs
  if (agrees && errorMs > offset.errorMs) return
  offset = { ms, errorMs }
}

/** Milliseconds since 1970, as the server has it. */
export const serverNow = (): number => performance.now() + offset.ms
