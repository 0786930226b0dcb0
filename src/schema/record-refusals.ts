import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { errorTypeMap } from '@pothos/plugin-errors'
import type { Context } from '../resolvers/context.ts'

/** Sets `refused` in the context when a field returns a refusal: a document need not ask for its type. */
export function recordRefusals(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const { resolve, extensions } = field
      if (resolve && extensions.pothosErrors !== undefined) field.resolve = recordingRefusals(resolve)
    }
  }
  return schema
}

const recordingRefusals =
  (resolve: GraphQLFieldResolver<unknown, Context>): GraphQLFieldResolver<unknown, Context> =>
  async (source, args: unknown, context, info) => {
    const result: unknown = await resolve(source, args, context, info)
    if (typeof result === 'object' && result !== null && errorTypeMap.has(result)) context.refused = true
    return result
  }
