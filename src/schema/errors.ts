/** What a client is told when something went wrong. */
import { GraphQLError } from 'graphql'
import { PothosValidationError } from '@pothos/core'
import { Problem } from '../domain/problem.ts'

/**
 * The error as a client may see it: problems with their code, complaints about the request itself as BAD_INPUT,
 * and anything else, which is a bug, without its message.
 * @param reportBug gets what the client does not see
 */
export function presentable(error: unknown, reportBug: (error: unknown) => void): GraphQLError {
  const cause = rootOf(error)
  const place = error instanceof GraphQLError ? { nodes: error.nodes ?? null, path: error.path ?? null } : {}
  if (cause instanceof Problem) {
    const { code, retryAfterSeconds } = cause
    const extensions = retryAfterSeconds === undefined ? { code } : { code, retryAfterSeconds }
    return new GraphQLError(cause.message, { ...place, extensions })
  }
  if (error instanceof GraphQLError && error.extensions.code !== undefined) return error
  if (cause instanceof GraphQLError || cause instanceof PothosValidationError) {
    return new GraphQLError(cause.message, { ...place, extensions: { code: 'BAD_INPUT' } })
  }
  reportBug(cause)
  return new GraphQLError('Something went wrong on our side.', { ...place, extensions: { code: 'INTERNAL' } })
}

/** What was thrown, under the layers that the executor put around it. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError) root = root.originalError
  return root
}
