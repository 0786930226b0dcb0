/** The error of an operation that sending again would not mend, or that was given up. */
export class ApiError extends Error {
  /** `extensions.code` of the server's first error; `NETWORK …` where no response came. */
  readonly code: string
  constructor(message: string, code: string) {
    super(message)
    this.name = 'ApiError'
    this.code = code
  }
}

export interface ResponseError {
  message: string
  path?: (string | number)[]
  extensions?: { code?: string; retryAfterSeconds?: number }
}

/** Codes of errors that pass. The operation had no effect, or has an idempotency key. */
const RETRYABLE_CODES = new Set(['OVERLOADED', 'RATE_LIMITED'])

export const isRetryable = (code: string): boolean => RETRYABLE_CODES.has(code) || code.startsWith('NETWORK ')

/** @param errors of a GraphQL response */
export function apiErrorFrom(errors: readonly ResponseError[]): ApiError {
  const [first] = errors
  return new ApiError(first?.message ?? 'The response has no data.', first?.extensions?.code ?? 'INTERNAL')
}

/** The error of a connection, with the innermost code there is: ECONNRESET, say. */
export function networkErrorFrom(error: unknown): ApiError {
  const { cause, message = String(error) } = error as { cause?: { code?: unknown }; message?: string }
  const { code, name } = (cause ?? error) as { code?: unknown; name?: string }
  return new ApiError(message, `NETWORK ${typeof code === 'string' ? code : (name ?? 'Error')}`)
}
