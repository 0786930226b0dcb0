/**
 * What can go wrong with a request as a whole, and what the caller should do about it. The code is
 * what clients branch on (`extensions.code`); docs/errors.md lists them with examples.
 */
export type ProblemCode =
  | 'UNAUTHENTICATED' // no access token, or one that is forged or has expired: sign in
  | 'FORBIDDEN' // signed in, but not allowed to do this
  | 'QUEUE_TICKET_INVALID' // no queue ticket, a forged one, or one for somebody or something else
  | 'NOT_ADMITTED' // a genuine ticket, but it is not this ticket's turn (any more)
  | 'BAD_INPUT' // an argument that can never be right
  | 'NOT_FOUND' // names something that does not exist, or that is not yours to see
  | 'PERSISTED_QUERY_NOT_FOUND' // asked for by its hash, and not known (any more): send the document along
  | 'RATE_LIMITED' // too much of this lately, or too many at once: the same request may be sent again, later
  | 'OVERLOADED' // a store is slow or away: the same request may be sent again

/**
 * Ends a request with an error that the client is meant to read. Whatever else is thrown is a bug, and
 * is masked before it reaches a client.
 */
export class Problem extends Error {
  readonly code: ProblemCode
  /** Seconds after which it makes sense to try again; with RATE_LIMITED and OVERLOADED. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ProblemCode, message: string, options?: { retryAfterSeconds?: number; cause?: unknown }) {
    super(message, { cause: options?.cause })
    this.name = 'Problem'
    this.code = code
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}

/** A store did not answer in time or cannot be reached. @param cause for the log */
export const overloaded = (cause: unknown): Problem =>
  new Problem('OVERLOADED', 'The service is busy. Please try again in a moment.', {
    retryAfterSeconds: 1,
    cause,
  })
