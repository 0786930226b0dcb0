/**
 * Which operations graphql-jit may compile: those whose result is provably that of graphql-js. Everything that its code treats
 * differently is excluded; see docs/decisions/010-compiled-operations.md.
 */
import {
  isAbstractType,
  Kind,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql'
import { measureDocument } from './document-size.ts'

/** Fields that are compiled for one operation, once for each type that they may be of. */
const FIELDS_MAX = 100

/** graphql-jit names variables after fields: `a_b { c }` and `a { b_c }` would be mixed up. */
const PLAIN_NAME = /^[a-z][a-zA-Z\d]*$/
const isPlain = (name: string): boolean =>
  PLAIN_NAME.test(name) && !(name in Object.prototype) && !name.startsWith('idx')

/** Literals become text of its code, so only those that cannot carry code are allowed. */
const VALUES: ReadonlySet<Kind> = new Set([Kind.VARIABLE, Kind.INT, Kind.BOOLEAN, Kind.ENUM])

/**
 * @param document is valid
 * @returns how many fields would be compiled; 0: graphql-js has to execute it
 */
export function countJitFields(schema: GraphQLSchema, document: DocumentNode): number {
  const types = new TypeInfo(schema)
  let operations = 0
  /** Possible types of each field of an abstract type: its fields are compiled for each of them. */
  const abstract: number[] = []
  let excluded = 0
  const exclude = (): void => {
    excluded += 1
  }

  const visitor = {
    OperationDefinition: ({ operation }: OperationDefinitionNode) => {
      operations += 1
      // Effects are never repeated, and errors are reported by a second run with graphql-js: see execute.ts.
      if (operations > 1 || operation === OperationTypeNode.MUTATION) exclude()
    },
    VariableDefinition: ({ defaultValue }: VariableDefinitionNode) => {
      if (defaultValue) exclude()
    },
    Directive: exclude,
    Argument: ({ value }: ArgumentNode) => {
      if (!VALUES.has(value.kind)) exclude()
    },
    Field: (field: FieldNode) => {
      if (!isPlainField(field)) exclude()
      const type = schema.getType(String(types.getType()).replace(/[[\]!]/g, ''))
      if (isAbstractType(type)) abstract.push(schema.getPossibleTypes(type).length)
    },
  }
  visit(document, visitWithTypeInfo(types, visitor))
  if (excluded > 0 || abstract.length > 1) return 0
  const fields = (measureDocument(document)?.operation.allFields ?? Infinity) * (abstract[0] ?? 1)
  return fields > FIELDS_MAX ? 0 : fields
}

const isPlainField = ({ name, alias }: FieldNode): boolean =>
  alias ? isPlain(alias.value) && isKnown(name.value) : isKnown(name.value)

const isKnown = (name: string): boolean => name === '__typename' || isPlain(name)
