/** What a client is told when something went wrong. */
import { GraphQLError } from 'graphql'
import { PothosValidationError } from '@pothos/core'
import { Problem } from '../domain/problem.ts'

/** Errors pass through here more than once on their way out; the second time nothing is left to do. */
const presented = new WeakSet<GraphQLError>()

/**
 * The error as a client may see it: problems with their code, complaints about the request itself as BAD_INPUT,
 * and anything else, which is a bug, without its message.
 * @param reportBug gets what the client does not see
 */
export function presentable(error: unknown, reportBug: (error: unknown) => void): GraphQLError {
  if (error instanceof GraphQLError && presented.has(error)) return error
  const shown = present(error, reportBug)
  presented.add(shown)
  return shown
}

function present(error: unknown, reportBug: (error: unknown) => void): GraphQLError {
  const cause = rootOf(error)
  const place = placeOf(error)
  if (cause instanceof Problem) {
    const { code, retryAfterSeconds } = cause
    const extensions = retryAfterSeconds === undefined ? { code } : { code, retryAfterSeconds }
    return new GraphQLError(cause.message, { ...place, extensions })
  }
  if (cause instanceof GraphQLError || cause instanceof PothosValidationError) {
    // Without a path it was the request that was wrong, and nothing of it has been done.
    const http = place.path ? {} : { http: statusOf(error) ?? { spec: true, status: 400 } }
    return new GraphQLError(withoutSuggestion(cause.message), {
      ...place,
      extensions: { code: 'BAD_INPUT', ...http },
    })
  }
  reportBug(cause)
  return new GraphQLError('Something went wrong on our side.', { ...place, extensions: { code: 'INTERNAL' } })
}

const placeOf = (error: unknown) =>
  error instanceof GraphQLError
    ? {
        nodes: error.nodes ?? null,
        source: error.source ?? null,
        positions: error.positions ?? null,
        path: error.path ?? null,
      }
    : {}

/** What Yoga makes the status line of, and takes out of what is sent. */
function statusOf(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return undefined
  // Yoga's own error about a body that is not JSON: 400, whichever media type is asked for.
  return error.extensions.originalError ? { status: 400 } : error.extensions.http
}

/** graphql-js likes to name what else there is. */
const withoutSuggestion = (message: string): string => message.replace(/ Did you mean .*\?$/s, '')

/** What was thrown, under the layers that the executor put around it. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError) root = root.originalError
  return root
}
