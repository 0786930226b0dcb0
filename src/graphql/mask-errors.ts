/** Errors as clients may see them. */
import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql'
import { PothosValidationError } from '@pothos/core'
import { Problem } from '../domain/problem.ts'

/** An error may pass through here more than once on its way out; the second time it is left as it is. */
const maskedErrors = new WeakSet<GraphQLError>()

/**
 * Logs an error that clients do not see.
 * @param requestId undefined: a new one is made
 * @returns the request id under which it is in the log
 */
export type ReportBug = (error: unknown, requestId?: string) => string

/**
 * The error as a client may see it: a Problem with its code, an error of the request itself as BAD_INPUT, and anything else,
 * which is a bug, as INTERNAL without its message.
 */
export function maskError(error: unknown, reportBug: ReportBug): GraphQLError {
  if (error instanceof GraphQLError && maskedErrors.has(error)) return error
  const masked = toMaskedError(error, reportBug)
  maskedErrors.add(masked)
  return masked
}

/**
 * A result with its errors as a client may see them.
 * @param request the bugs of one request are logged under one id, which is set here if it has none
 */
export function maskResult(
  result: ExecutionResult,
  reportBug: ReportBug,
  request: { requestId: string | undefined },
): ExecutionResult {
  if (!result.errors) return result
  const report: ReportBug = (bug) => (request.requestId = reportBug(bug, request.requestId))
  return { ...result, errors: result.errors.map((error) => maskError(error, report)) }
}

/** The code that clients see for this error, masked or not. */
export function codeOf(error: unknown): string {
  if (error instanceof GraphQLError && maskedErrors.has(error)) return String(error.extensions.code)
  const cause = rootCauseOf(error)
  if (cause instanceof Problem) return cause.code
  return isRequestError(cause) ? 'BAD_INPUT' : 'INTERNAL'
}

/** An error as it is sent, without `extensions.http`, which is for the status line. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const extensions = { ...error.extensions }
  delete extensions.http
  return { ...error.toJSON(), extensions }
}

function toMaskedError(error: unknown, reportBug: ReportBug): GraphQLError {
  const cause = rootCauseOf(error)
  const location = locationOf(error)
  if (cause instanceof Problem) {
    const { code, retryAfterSeconds } = cause
    const extensions = retryAfterSeconds === undefined ? { code } : { code, retryAfterSeconds }
    return new GraphQLError(cause.message, { ...location, extensions })
  }
  if (isRequestError(cause)) {
    // Without a path the request itself is wrong, and nothing of it was executed.
    const http = location.path ? {} : { http: httpExtensionOf(error) ?? { spec: true, status: 400 } }
    return new GraphQLError(withoutSuggestion(cause.message), {
      ...location,
      extensions: { code: 'BAD_INPUT', ...http },
    })
  }
  const extensions = { code: 'INTERNAL', requestId: reportBug(cause) }
  return new GraphQLError('Something went wrong on our side.', { ...location, extensions })
}

const isRequestError = (cause: unknown): cause is GraphQLError | PothosValidationError =>
  cause instanceof GraphQLError || cause instanceof PothosValidationError

const locationOf = (error: unknown) =>
  error instanceof GraphQLError
    ? {
        nodes: error.nodes ?? null,
        source: error.source ?? null,
        positions: error.positions ?? null,
        path: error.path ?? null,
      }
    : {}

/** The HTTP status: see http/json.ts, and Yoga's `getResponseInitByRespectingErrors`. */
function httpExtensionOf(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return undefined
  // Yoga's own error about a body that is not JSON: 400, whichever media type is accepted.
  return error.extensions.originalError ? { status: 400 } : error.extensions.http
}

/** A message repeats parts of the request, which may be 64 KiB long, and one document may have many errors. */
const MESSAGE_CHARACTERS_MAX = 500

/** Without the names that graphql-js suggests. In linear time: a regular expression is quadratic here. */
function withoutSuggestion(message: string): string {
  const at = message.endsWith('?') ? message.lastIndexOf(' Did you mean ') : -1
  const text = at < 0 ? message : message.slice(0, at)
  return text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text
}

/** The error that was thrown, without the GraphQLErrors that the executor wrapped around it. */
function rootCauseOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError) root = root.originalError
  return root
}
