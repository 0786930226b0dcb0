/** Operations made from the schema, so that what is added to it is asked for without anybody thinking of it. */
import {
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql'

type Kind = 'query' | 'mutation' | 'subscription'

export interface RootField {
  kind: Kind
  field: GraphQLField<unknown, unknown>
}

export function rootFields(schema: GraphQLSchema): RootField[] {
  return (['query', 'mutation', 'subscription'] as const).flatMap((kind) =>
    Object.values(schema.getRootType(kind as never)?.getFields() ?? {}).map((field) => ({ kind, field })),
  )
}

/** The arguments that name something, or open something: ids, tokens and keys, also those inside of inputs. */
export function namesIn({ args }: GraphQLField<unknown, unknown>): string[] {
  const within = (path: string, type: GraphQLInputType): string[] => {
    const named = getNamedType(type)
    if (isInputObjectType(named)) {
      return Object.values(named.getFields()).flatMap((field) => within(`${path}.${field.name}`, field.type))
    }
    const isName = named.name === 'ID' || (named.name === 'String' && /(token|key)$/i.test(path))
    return isName ? [path] : []
  }
  return args.flatMap((arg) => within(arg.name, arg.type))
}

/** An operation that asks for everything that a root field leads to, `depth` levels deep. */
export function operationOn(schema: GraphQLSchema, { kind, field }: RootField, depth: number): string {
  const named = field.args.map(({ name, type }) => [`$${name}: ${String(type)}`, `${name}: $${name}`])
  const defined = named.length > 0 ? `(${named.map(([definition]) => definition).join(', ')})` : ''
  const given = named.length > 0 ? `(${named.map(([, value]) => value).join(', ')})` : ''
  return `${kind} ${defined} { result: ${field.name}${given} ${selection(schema, getNamedType(field.type), depth)} }`
}

function selection(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  depth: number,
  aliased: ReadonlySet<string> = new Set(),
): string {
  if (isUnionType(type) || isInterfaceType(type)) {
    const members = schema.getPossibleTypes(type)
    const differing = differingFields(members)
    const parts = members.map(
      (member) => `... on ${member.name} ${selection(schema, member, depth, differing)}`,
    )
    return `{ __typename ${parts.join(' ')} }`
  }
  if (!isObjectType(type)) return ''
  const parts = Object.values(type.getFields()).flatMap((field) => {
    if (field.args.some(isRequiredArgument)) return []
    const below = getNamedType(field.type)
    const name = aliased.has(field.name) ? `${field.name}Of${type.name}: ${field.name}` : field.name
    if (isLeafType(below)) return [name]
    return depth > 1 ? [`${name} ${selection(schema, below, depth - 1)}`] : []
  })
  return `{ __typename ${parts.join(' ')} }`
}

/** The fields that have one name and two types: they cannot stand in one answer under the same name. */
function differingFields(types: readonly GraphQLObjectType[]): Set<string> {
  const known = new Map<string, string>()
  const differing = new Set<string>()
  for (const field of types.flatMap((type) => Object.values(type.getFields()))) {
    const type = String(field.type)
    if ((known.get(field.name) ?? type) !== type) differing.add(field.name)
    known.set(field.name, type)
  }
  return differing
}
