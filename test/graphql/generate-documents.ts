/** Random documents over a schema, valid in nearly all cases, with variables for them: the same seed gives the same. */
import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql'

export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number
  /** True so often, from 0 to 1. */
  chance(share: number): boolean
  pick<T>(from: readonly T[]): T
}

/** Mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    int: (below) => Math.floor(next() * below),
    chance: (share) => next() < share,
    pick: (from) => from[Math.floor(next() * from.length)] as never,
  }
}

export interface GeneratedDocument {
  query: string
  variables: Record<string, unknown>
  operationName: string | undefined
}

interface Options {
  kind: 'query' | 'mutation' | 'subscription'
  /** The fields on top that may be asked for. */
  isAllowed?: (field: string) => boolean
  /** No directives, fragments, several operations or literals: what clients send most of the time. */
  plain: boolean
  /** Ids that exist. */
  ids?: readonly string[]
}

const SCALARS: Record<string, (random: Random) => unknown> = {
  Int: (random) => random.pick([0, 1, 2, 5, 100, -1]),
  Float: (random) => random.pick([0.5, 1, 20]),
  Boolean: (random) => random.chance(0.5),
  String: (random) => random.pick(['', 'a', 'ß "q" \\ ${x}', '__proto__']),
  ID: (random) => random.pick(['', 'x', 'Q29uY2VydDp4', 'VXNlcjp4']),
  DateTime: () => '2027-01-01T00:00:00.000Z',
  Points: (random) => random.pick([1, 10, 9_007_199_254_740_991]),
}

/** What no scalar of the schema takes, or only some of them do. */
const WRONG: unknown[] = [{}, [], 'x', 1.5, true, [null], { a: 1 }, 2 ** 40, null]

export function generate(schema: GraphQLSchema, random: Random, options: Options): GeneratedDocument {
  const { kind, plain, isAllowed = () => true, ids = [] } = options
  const root = schema.getRootType(kind as never) as GraphQLObjectType
  const fragments: { name: string; on: string; text: string }[] = []
  /** Variables by type, and the conditions. */
  const variables = new Map<string, { name: string; type: string; fallback: string | undefined }>()
  const aliases = new Map<string, string>()
  let directives = 0
  let fields = 0

  function variable(type: string, fallback?: () => string): string {
    const key = `${type} ${random.int(2)}`
    const known = variables.get(key)
    if (known) return `$${known.name}`
    const name = `v${variables.size}`
    const hasDefault = !plain && fallback !== undefined && random.chance(0.3)
    variables.set(key, { name, type, fallback: hasDefault ? fallback() : undefined })
    return `$${name}`
  }

  function conditions(): string {
    if (plain || directives > 8 || !random.chance(0.25)) return ''
    directives += 1
    const value = random.chance(0.7) ? variable('Boolean!', () => 'true') : String(random.chance(0.5))
    const text = ` @${random.pick(['include', 'skip'])}(if: ${value})`
    return random.chance(0.1)
      ? `${text} @${text.includes('@include') ? 'skip' : 'include'}(if: ${value})`
      : text
  }

  function value(type: GraphQLInputType): unknown {
    if (isNonNullType(type)) return value(type.ofType)
    if (isListType(type)) return Array.from({ length: random.int(3) }, () => value(type.ofType))
    if (isEnumType(type)) return random.pick(type.getValues()).name
    if (isInputObjectType(type)) {
      const given = Object.values(type.getFields()).filter(
        (field) => isRequiredInputField(field) || random.chance(0.5),
      )
      return Object.fromEntries(given.map((field) => [field.name, value(field.type)]))
    }
    if (type.name === 'ID' && ids.length > 0 && random.chance(0.8)) return random.pick(ids)
    return SCALARS[type.name]?.(random) ?? null
  }

  /** A literal, with variables in it. */
  function literal(type: GraphQLInputType, inside = true): string {
    if (inside && random.chance(0.2)) return variable(String(type), () => literalOf(type))
    return literalOf(type)
  }
  function literalOf(type: GraphQLInputType): string {
    if (isNonNullType(type)) return literalOf(type.ofType)
    if (isListType(type))
      return `[${Array.from({ length: random.int(3) }, () => literal(type.ofType)).join(' ')}]`
    if (isEnumType(type)) return random.pick(type.getValues()).name
    if (!isInputObjectType(type)) return JSON.stringify(value(type))
    const given = Object.values(type.getFields()).filter(
      (field) => isRequiredInputField(field) || random.chance(0.5),
    )
    return `{${given.map((field) => `${field.name}: ${literal(field.type)}`).join(' ')}}`
  }

  function argument({ name, type }: GraphQLArgument): string {
    const asVariable = plain || random.chance(0.6)
    return `${name}: ${asVariable ? variable(String(type), () => literalOf(type)) : literal(type, false)}`
  }

  function field(
    parent: GraphQLCompositeType,
    definition: GraphQLField<unknown, unknown>,
    depth: number,
  ): string {
    fields += 1
    const given = definition.args.filter((arg) => isRequiredArgument(arg) || random.chance(0.5)).map(argument)
    const call = given.length > 0 ? `${definition.name}(${given.join(' ')})` : definition.name
    // The same call has the same name wherever it stands, and no other has that name.
    const key = isObjectType(parent) || isAbstractType(parent) ? `${parent.name} ${call}` : call
    let alias = aliases.get(key)
    if (alias === undefined) {
      const wants = given.length > 0 || random.chance(0.15)
      alias = wants && aliases.size < 12 ? `${random.pick(['a', 'b_', 'idx', 'Z'])}${aliases.size}` : ''
      aliases.set(key, alias)
    }
    const named = getNamedType(definition.type)
    const below = isLeafType(named) ? '' : ` {${selections(named as GraphQLCompositeType, depth - 1)}}`
    return `${alias ? `${alias}: ` : ''}${call}${conditions()}${below}`
  }

  function selections(type: GraphQLCompositeType, depth: number): string {
    const own = isObjectType(type) || 'getFields' in type ? Object.values(type.getFields()) : []
    const askable = own.filter(
      (one) => (depth > 1 || isLeafType(getNamedType(one.type))) && (type !== root || isAllowed(one.name)),
    )
    const parts: string[] = []
    for (let count = 1 + random.int(plain ? 5 : 4); count > 0 && fields < 30; count--) {
      const chosen = random.int(plain ? 8 : 10)
      if (chosen < 6 && askable.length > 0) parts.push(field(type, random.pick(askable), depth))
      else if (chosen === 6) parts.push(`__typename${conditions()}`)
      else if (chosen === 7 && isAbstractType(type)) {
        const member = random.pick(schema.getPossibleTypes(type))
        parts.push(`... on ${member.name}${conditions()} {${selections(member, depth)}}`)
      } else if (chosen === 7) parts.push(`...${conditions()} {${selections(type, depth)}}`)
      else if (!plain) parts.push(spread(type, depth))
    }
    if (isAbstractType(type) && random.chance(0.5)) {
      const member = random.pick(schema.getPossibleTypes(type))
      parts.push(`... on ${member.name} {${selections(member, depth)}}`)
    }
    if (parts.length === 0) parts.push('__typename')
    if (!plain && random.chance(0.2)) parts.push(random.pick(parts)) // merged with itself
    return parts.join(' ')
  }

  function spread(type: GraphQLCompositeType, depth: number): string {
    const known = fragments.filter(({ on }) => on === type.name)
    if (known.length > 0 && random.chance(0.6)) return `...${random.pick(known).name}${conditions()}`
    if (fragments.length > 4) return '__typename'
    const text = selections(type, depth)
    const name = `F${fragments.length}`
    fragments.push({ name, on: type.name, text })
    return `...${name}${conditions()}`
  }

  const operations = Array.from({ length: !plain && random.chance(0.15) ? 2 : 1 }, (_, index) => {
    // A subscription has one field on top, and one operation moves money once.
    if (kind === 'query') return { name: `Q${index}`, text: selections(root, 2 + random.int(4)) }
    const names = Object.values(root.getFields()).filter(({ name }) => isAllowed(name))
    const text = field(root, random.pick(names), 2 + random.int(3))
    if (kind === 'subscription' || plain) return { name: `Q${index}`, text: text.replace(/^\w+: /, '') }
    if (random.chance(0.5)) return { name: `Q${index}`, text }
    fragments.push({ name: `M${index}`, on: root.name, text })
    return { name: `Q${index}`, text: `...M${index}${conditions()} ...M${index}${conditions()}` }
  })

  /** Fragments that are spread in a text, and in those. */
  function reached(text: string, found = new Set<string>()): Set<string> {
    for (const [, name] of text.matchAll(/\.\.\.([FM]\d+)/g)) {
      if (name === undefined || found.has(name)) continue
      found.add(name)
      reached(fragments.find((one) => one.name === name)?.text ?? '', found)
    }
    return found
  }
  const used = new Set<string>()
  const texts = operations.map(({ name, text }) => {
    const spreads = reached(text)
    for (const one of spreads) used.add(one)
    const all = [text, ...fragments.filter((one) => spreads.has(one.name)).map((one) => one.text)].join(' ')
    const names = new Set([...all.matchAll(/\$(v\d+)/g)].map(([, found]) => found))
    const declared = [...variables.values()]
      .filter((one) => names.has(one.name))
      .map(
        (one) =>
          `$${one.name}: ${one.type}${one.fallback ? ` = ${one.fallback.replace(/\$v\d+/g, 'null')}` : ''}`,
      )
    return `${kind} ${name}${declared.length > 0 ? `(${declared.join(' ')})` : ''} {${text}}`
  })
  const definitions = fragments
    .filter(({ name }) => used.has(name))
    .map((one) => `fragment ${one.name} on ${one.on} {${one.text}}`)

  const values: Record<string, unknown> = {}
  for (const { name, type } of variables.values()) {
    if (random.chance(type.endsWith('!') ? 0.01 : 0.2)) continue
    if (random.chance(0.1) && !type.endsWith('!')) values[name] = null
    else if (random.chance(0.03)) values[name] = random.pick(WRONG)
    else values[name] = value(typeNamed(schema, type))
  }
  return {
    query: [...texts, ...definitions].join('\n'),
    variables: values,
    operationName: random.chance(0.02)
      ? random.pick(['Q9', '__proto__'])
      : operations.length > 1
        ? random.pick(operations).name
        : undefined,
  }
}

/** Of all arguments and input fields, the type that is written like this. */
function typeNamed(schema: GraphQLSchema, text: string): GraphQLInputType {
  let types = inputTypes.get(schema)
  if (!types) {
    types = new Map<string, GraphQLInputType>()
    const add = (type: GraphQLInputType): void => {
      types?.set(String(type), type)
      if (isNonNullType(type) || isListType(type)) add(type.ofType)
    }
    for (const type of Object.values(schema.getTypeMap())) {
      if (isInputObjectType(type)) Object.values(type.getFields()).forEach((one) => add(one.type))
      else if (isObjectType(type))
        Object.values(type.getFields()).forEach(({ args }) => args.forEach((one) => add(one.type)))
    }
    inputTypes.set(schema, types)
  }
  return types.get(text) as GraphQLInputType
}
const inputTypes = new WeakMap<GraphQLSchema, Map<string, GraphQLInputType>>()
