/** The server's clock: the browser's may be wrong by hours. */

/** What to add to the browser's time, in milliseconds, and how far that may be off. */
let offset = { ms: 0, errorMs: Infinity }

/** @param date the Date header of an answer, which has whole seconds; @param askedAt when it was asked for */
export function heardServerTime(date: string | null, askedAt: number): void {
  const sent = date === null ? NaN : Date.parse(date)
  if (Number.isNaN(sent)) return
  const arrivedAt = Date.now()
  const errorMs = (arrivedAt - askedAt) / 2 + 500
  if (errorMs > offset.errorMs) return
  offset = { ms: sent + 500 - (askedAt + arrivedAt) / 2, errorMs }
}

/** Milliseconds since 1970, as the server has it. */
export const serverNow = (): number => Date.now() + offset.ms
