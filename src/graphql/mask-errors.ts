/** What a client is told when something went wrong. */
import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql'
import { PothosValidationError } from '@pothos/core'
import { requestIdOf, type Context } from '../resolvers/context.ts'
import { Problem } from '../domain/problem.ts'

/** Errors pass through here more than once on their way out; the second time nothing is left to do. */
const maskedErrors = new WeakSet<GraphQLError>()

/** @returns the id of the request that it went wrong for; what is passed in wins over one that is made up */
export type ReportBug = (error: unknown, requestId?: string) => string

/**
 * The error as a client may see it: problems with their code, complaints about the request itself as BAD_INPUT,
 * and anything else, which is a bug, without its message.
 * @param reportBug gets what the client does not see, and returns under which id it can be found
 */
export function maskError(error: unknown, reportBug: ReportBug): GraphQLError {
  if (error instanceof GraphQLError && maskedErrors.has(error)) return error
  const shown = toMaskedError(error, reportBug)
  maskedErrors.add(shown)
  return shown
}

/** A result with its errors as a client may see them. */
export function maskResult(result: ExecutionResult, context: Context, reportBug: ReportBug): ExecutionResult {
  if (!result.errors) return result
  const report: ReportBug = (bug) => reportBug(bug, requestIdOf(context))
  return { ...result, errors: result.errors.map((error) => maskError(error, report)) }
}

/** The code that a client is told of this error, whether it has been made presentable yet or not. */
export function codeOf(error: unknown): string {
  if (error instanceof GraphQLError && maskedErrors.has(error)) return String(error.extensions.code)
  const cause = rootCauseOf(error)
  if (cause instanceof Problem) return cause.code
  return isRequestError(cause) ? 'BAD_INPUT' : 'INTERNAL'
}

/** An error as it is sent: `http` is for the status line. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const extensions = { ...error.extensions }
  delete extensions.http
  return { ...error.toJSON(), extensions }
}

function toMaskedError(error: unknown, reportBug: ReportBug): GraphQLError {
  const cause = rootCauseOf(error)
  const place = locationOf(error)
  if (cause instanceof Problem) {
    const { code, retryAfterSeconds } = cause
    const extensions = retryAfterSeconds === undefined ? { code } : { code, retryAfterSeconds }
    return new GraphQLError(cause.message, { ...place, extensions })
  }
  if (isRequestError(cause)) {
    // Without a path it was the request that was wrong, and nothing of it has been done.
    const http = place.path ? {} : { http: httpExtensionOf(error) ?? { spec: true, status: 400 } }
    return new GraphQLError(withoutSuggestion(cause.message), {
      ...place,
      extensions: { code: 'BAD_INPUT', ...http },
    })
  }
  const extensions = { code: 'INTERNAL', requestId: reportBug(cause) }
  return new GraphQLError('Something went wrong on our side.', { ...place, extensions })
}

/** Is it about the request itself? */
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

/** What Yoga makes the status line of, and takes out of what is sent. */
function httpExtensionOf(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return undefined
  // Yoga's own error about a body that is not JSON: 400, whichever media type is asked for.
  return error.extensions.originalError ? { status: 400 } : error.extensions.http
}

/** A message repeats what was sent, which may be 64 KiB long, and one document may have many errors. */
const MESSAGE_CHARACTERS_MAX = 500

/** graphql-js likes to name what else there is. In linear time: a regular expression is quadratic here. */
function withoutSuggestion(message: string): string {
  const at = message.endsWith('?') ? message.lastIndexOf(' Did you mean ') : -1
  const text = at < 0 ? message : message.slice(0, at)
  return text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text
}

/** What was thrown, under the layers that the executor put around it. */
function rootCauseOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError) root = root.originalError
  return root
}
