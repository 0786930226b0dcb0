/**
 * How large a document is once its fragments are expanded, before it is validated: rules of validation and executors
 * expand fragments, so 40 levels of fragments that each spread the next one twice are 2^40 fields. Every selection set
 * is measured once, so the time is linear in the document.
 */
import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql'

export interface Size {
  /** Fields of the answer, a list counted once, without those of the introspection schema. */
  fields: number
  /** The same with those of the introspection schema. */
  allFields: number
  /** Fields inside each other. */
  depth: number
  aliases: number
  directives: number
  /** Estimated values in the answer to `__schema` and `__type`. */
  introspection: number
}

export interface DocumentSize {
  /** The largest of each, over the operations of the document. */
  operation: Size
  /** The `allFields` of its largest operation or fragment: unused fragments are validated too. */
  largestDefinition: number
  /** Times that a field with arguments stands in the document under the same name. */
  repeated: number
  /** Fields of all operations and fragments together: validation compares those with the same name in pairs. */
  allFields: number
  /** Selection sets that were measured: the work of measuring. */
  measured: number
}

const EMPTY: Readonly<Size> = {
  fields: 0,
  allFields: 0,
  depth: 0,
  aliases: 0,
  directives: 0,
  introspection: 0,
}

/** Items that a list of the introspection schema is taken to have. */
const INTROSPECTION_ITEMS: Readonly<Record<string, number>> = {
  types: 100,
  directives: 5,
  fields: 10,
  inputFields: 5,
  enumValues: 5,
  possibleTypes: 5,
  args: 2,
}

const isIntrospection = (field: string): boolean => field === '__schema' || field === '__type'

/** @returns null: its fragments spread each other in a circle */
export function measureDocument({ definitions }: DocumentNode): DocumentSize | null {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const sizes = new Map<SelectionSetNode, Size>()
  const introspections = new Map<SelectionSetNode, number>()
  const withArguments = new Map<string, number>()
  const open = new Set<SelectionSetNode>()

  /** The selections that a spread or an inline fragment stands for. */
  const within = (name: string): SelectionSetNode | undefined => fragments.get(name)?.selectionSet

  /** @throws FragmentCycle */
  function once<T>(known: Map<SelectionSetNode, T>, set: SelectionSetNode, measure: () => T): T {
    const before = known.get(set)
    if (before !== undefined) return before
    if (open.has(set)) throw new FragmentCycle()
    open.add(set)
    const measured = measure()
    open.delete(set)
    known.set(set, measured)
    return measured
  }

  const sizeOfSet = (set: SelectionSetNode | undefined): Size =>
    set === undefined
      ? EMPTY
      : once(sizes, set, () => {
          const size = { ...EMPTY }
          for (const selection of set.selections) {
            const isField = selection.kind === Kind.FIELD
            const hidden = isField && isIntrospection(selection.name.value)
            const inner = sizeOfSet(
              selection.kind === Kind.FRAGMENT_SPREAD ? within(selection.name.value) : selection.selectionSet,
            )
            if (isField && selection.arguments?.length) {
              const name = (selection.alias ?? selection.name).value
              withArguments.set(name, (withArguments.get(name) ?? 0) + 1)
            }
            if (hidden) size.introspection += introspectionOf(selection.selectionSet)
            else size.introspection += inner.introspection
            // The depth and breadth of the introspection schema are bounded by its own estimate.
            size.allFields += (isField ? 1 : 0) + inner.allFields
            size.fields += (isField ? 1 : 0) + (hidden ? 0 : inner.fields)
            size.depth = Math.max(size.depth, (isField ? 1 : 0) + (hidden ? 0 : inner.depth))
            size.aliases += (isField && selection.alias ? 1 : 0) + inner.aliases
            size.directives += (selection.directives?.length ?? 0) + inner.directives
          }
          return size
        })

  const introspectionOf = (set: SelectionSetNode | undefined): number =>
    set === undefined
      ? 0
      : once(introspections, set, () => {
          let values = 0
          for (const selection of set.selections) {
            if (selection.kind === Kind.FIELD) {
              const items = INTROSPECTION_ITEMS[selection.name.value] ?? 1
              values += 1 + items * introspectionOf(selection.selectionSet)
            } else if (selection.kind === Kind.INLINE_FRAGMENT) {
              values += introspectionOf(selection.selectionSet)
            } else values += introspectionOf(within(selection.name.value))
          }
          return values
        })

  try {
    const operation = { ...EMPTY }
    let largestDefinition = 0
    let allFields = 0
    for (const definition of definitions) {
      if (!('selectionSet' in definition)) continue
      const size = sizeOfSet(definition.selectionSet)
      allFields += size.allFields
      largestDefinition = Math.max(largestDefinition, size.allFields)
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue
      const directives = size.directives + (definition.directives?.length ?? 0)
      for (const key of Object.keys(operation) as (keyof Size)[]) {
        operation[key] = Math.max(operation[key], key === 'directives' ? directives : size[key])
      }
    }
    const repeated = Math.max(0, ...withArguments.values())
    const measured = sizes.size + introspections.size
    return { operation, largestDefinition, repeated, allFields, measured }
  } catch (error) {
    if (error instanceof FragmentCycle) return null
    throw error
  }
}

class FragmentCycle extends Error {}
