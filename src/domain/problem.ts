/** Errors of a request as a whole. Clients branch on the code (`extensions.code`); docs/errors.md lists them with examples. */
export type ProblemCode =
  | 'UNAUTHENTICATED' // no access token, or an invalid or expired one: sign in
  | 'FORBIDDEN' // signed in, but not allowed to do this
  | 'QUEUE_TICKET_INVALID' // no queue ticket, an invalid one, or one of another user or concert
  | 'NOT_ADMITTED' // a valid queue ticket that is not admitted, or no longer
  | 'BAD_INPUT' // an invalid argument
  | 'NOT_FOUND' // the object does not exist, or the caller may not see it
  | 'PERSISTED_QUERY_NOT_FOUND' // unknown hash: send the document as well
  | 'RATE_LIMITED' // too many requests: the same request may be sent again later
  | 'OVERLOADED' // a store is slow or unavailable: the same request may be sent again

/** An error whose message the client sees. Any other error is a bug, and is masked. */
export class Problem extends Error {
  readonly code: ProblemCode
  /** With RATE_LIMITED and OVERLOADED: when to try again. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ProblemCode, message: string, options?: { retryAfterSeconds?: number; cause?: unknown }) {
    super(message, { cause: options?.cause })
    this.name = 'Problem'
    this.code = code
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}

/** A store did not answer in time, or cannot be reached. @param cause for the log */
export const overloaded = (cause: unknown): Problem =>
  new Problem('OVERLOADED', 'The service is busy. Please try again in a moment.', {
    retryAfterSeconds: 1,
    cause,
  })
