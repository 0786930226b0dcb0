/**
 * Which operations graphql-jit may compile: those for which it provably gives the answer of graphql-js. Everything that its
 * code treats in another way is left out; see docs/decisions/010-compiled-operations.md.
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

/** It names its own variables after these: `a_b { c }` and `a { b_c }` would be mixed up. */
const PLAIN_NAME = /^[a-z][a-zA-Z\d]*$/
const isPlain = (name: string): boolean =>
  PLAIN_NAME.test(name) && !(name in Object.prototype) && !name.startsWith('idx')

/** Literals go into its code as text, so they may be only what cannot carry code. */
const VALUES: ReadonlySet<Kind> = new Set([Kind.VARIABLE, Kind.INT, Kind.BOOLEAN, Kind.ENUM])

/**
 * @param document is valid
 * @returns how many fields would be compiled; 0: it has to be executed by graphql-js
 */
export function countJitFields(schema: GraphQLSchema, document: DocumentNode): number {
  const types = new TypeInfo(schema)
  let operations = 0
  /** How many types each field may be of that may be of more than one. Their fields are compiled for each. */
  const abstract: number[] = []
  let leftOut = 0
  const leaveOut = (): void => {
    leftOut += 1
  }

  const visitor = {
    OperationDefinition: ({ operation }: OperationDefinitionNode) => {
      operations += 1
      // An effect is never repeated, so where an error has to be told by graphql-js it has to run it from the start.
      if (operations > 1 || operation === OperationTypeNode.MUTATION) leaveOut()
    },
    VariableDefinition: ({ defaultValue }: VariableDefinitionNode) => {
      if (defaultValue) leaveOut()
    },
    Directive: leaveOut,
    Argument: ({ value }: ArgumentNode) => {
      if (!VALUES.has(value.kind)) leaveOut()
    },
    Field: (field: FieldNode) => {
      if (!isPlainField(field)) leaveOut()
      const type = schema.getType(String(types.getType()).replace(/[[\]!]/g, ''))
      if (isAbstractType(type)) abstract.push(schema.getPossibleTypes(type).length)
    },
  }
  visit(document, visitWithTypeInfo(types, visitor))
  if (leftOut > 0 || abstract.length > 1) return 0
  const fields = (measureDocument(document)?.operation.allFields ?? Infinity) * (abstract[0] ?? 1)
  return fields > FIELDS_MAX ? 0 : fields
}

const isPlainField = ({ name, alias }: FieldNode): boolean =>
  alias ? isPlain(alias.value) && isKnown(name.value) : isKnown(name.value)

const isKnown = (name: string): boolean => name === '__typename' || isPlain(name)
