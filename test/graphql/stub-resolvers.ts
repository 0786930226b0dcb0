/**
 * Gives the fields of a schema resolvers that need no stores and always answer the same: what is compared is execution.
 * Fields without a resolver stay without one, and a field fails, is null, or takes its time by chance of its arguments.
 */
import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql'
import { Problem } from '../../src/domain/problem.ts'

/** FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return (value ^ (value >>> 15)) >>> 0
}

/** graphql-js leaves promises of a list unhandled when an item fails in the same turn, so items fail in a later one. */
const IN_LIST = /\.\d/

/** What an operation does, in order. */
export interface Effects {
  effects: string[]
}

export function stubResolvers(schema: GraphQLSchema): void {
  function valueOf(type: GraphQLOutputType, seed: string): unknown {
    if (isNonNullType(type)) return some(type.ofType as GraphQLOutputType, seed)
    return hash(`null ${seed}`) % 12 === 0 ? null : some(type, seed)
  }

  function some(type: GraphQLOutputType, seed: string): unknown {
    if (isListType(type)) {
      const items = Array.from({ length: hash(seed) % 3 }, (_, index) =>
        valueOf(type.ofType as GraphQLOutputType, `${seed}.${index}`),
      )
      return hash(`late ${seed}`) % 5 === 0 ? items.map((item) => Promise.resolve(item)) : items
    }
    const named = getNamedType(type)
    if (isEnumType(named)) return named.getValues()[hash(seed) % named.getValues().length]?.value
    if (isAbstractType(named)) {
      const types = schema.getPossibleTypes(named)
      const chosen = types[hash(seed) % types.length]
      return chosen && some(chosen, `${seed} ${chosen.name}`)
    }
    if (isObjectType(named)) {
      const object: Record<string, unknown> = { type: named.name, seed }
      for (const field of Object.values(named.getFields())) {
        if (!field.resolve) object[field.name] = leaf(field.type, `${seed} ${field.name}`)
      }
      return object
    }
    const scalars: Record<string, unknown> = {
      DateTime: new Date(hash(seed) * 1_000),
      Boolean: hash(seed) % 2 === 0,
      Int: hash(seed) % 1_000,
      Float: hash(seed) / 3,
      Points: hash(seed),
    }
    return scalars[named.name] ?? `"${hash(seed)}\u2028`
  }

  /** Sometimes of the wrong type. */
  const leaf = (type: GraphQLOutputType, seed: string): unknown =>
    hash(`wrong ${seed}`) % 60 === 0 && !IN_LIST.test(seed) ? {} : valueOf(type, seed)

  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue
    if (isAbstractType(type)) type.resolveType = (value: { type: string }) => value.type
    if (!isObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      if (!field.resolve) continue
      // The order of arguments is no part of a request: compiled code puts literals before variables.
      field.resolve = (parent: { seed?: string } | undefined, args: object, context: Effects) => {
        const seed = `${parent?.seed ?? ''}>${type.name}.${field.name}(${JSON.stringify(Object.entries(args).sort())})`
        if (type === schema.getMutationType()) context.effects.push(seed)
        const answer = (): unknown => {
          if (hash(`fail ${seed}`) % 40 === 0) throw new Problem('NOT_FOUND', `no ${hash(seed)}`)
          return hash(`undefined ${seed}`) % 80 === 0 ? undefined : valueOf(field.type, seed)
        }
        const turns = IN_LIST.test(seed) ? 1 : hash(`turns ${seed}`) % 4
        return turns === 0 ? answer() : later(turns, answer)
      }
      if (type === schema.getSubscriptionType()) field.subscribe = oneEvent
    }
  }
}

async function* oneEvent() {
  await Promise.resolve()
  yield { seed: 'event' }
}

async function later(turns: number, answer: () => unknown): Promise<unknown> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
  return answer()
}
