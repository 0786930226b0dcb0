/**
 * Limits the values in the lists of one answer. Neither executing an answer nor serialising it yields to other requests: with
 * Node 20, 50,000 values take about 30 ms, up to 50 ms in a server that has just started. Other requests run between loading a
 * large list, executing its fields, and serialising the answer.
 */
import { setImmediate } from 'node:timers/promises'
import { Kind, type FragmentDefinitionNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql'
import type { Context } from '../resolvers/context.ts'
import { Problem } from '../domain/problem.ts'

/** Enough for the largest date, 10,000 seats, with all that a normalised cache asks for: `__typename`, `id` and three more fields. */
export const LIST_VALUES_MAX = 60_000

/** An answer with more values in its lists yields to other requests. */
const LARGE_VALUES_MIN = 5_000

/** Lets other requests run if the answer has large lists. */
export async function yieldIfLarge({ listValues = 0 }: Pick<Context, 'listValues'>): Promise<void> {
  if (listValues >= LARGE_VALUES_MIN) await setImmediate()
}

type Fragments = Readonly<Record<string, FragmentDefinitionNode | undefined>>

const fieldsBySelection = new WeakMap<SelectionSetNode, number>()

/** Fields in a selection set of a valid document, with its fragments expanded, in time linear in the document. */
function fieldsIn(set: SelectionSetNode | undefined, fragments: Fragments): number {
  if (!set) return 0
  const known = fieldsBySelection.get(set)
  if (known !== undefined) return known
  let fields = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) fields += 1 + fieldsIn(selection.selectionSet, fragments)
    else if (selection.kind === Kind.INLINE_FRAGMENT) fields += fieldsIn(selection.selectionSet, fragments)
    else fields += fieldsIn(fragments[selection.name.value]?.selectionSet, fragments)
  }
  fieldsBySelection.set(set, fields)
  return fields
}

/** @throws Problem BAD_INPUT when the lists of the operation have too many values, with those of this one */
export function countListValues(
  items: number,
  context: Context,
  { fieldNodes, fragments }: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>,
): void {
  let fields = 1
  for (const { selectionSet } of fieldNodes) fields += fieldsIn(selectionSet, fragments)
  context.listValues = (context.listValues ?? 0) + items * fields
  if (context.listValues <= LIST_VALUES_MAX) return
  throw new Problem(
    'BAD_INPUT',
    `The lists of one operation can have ${LIST_VALUES_MAX} values together. Ask for fewer fields, or for one list at a time.`,
  )
}

type Resolve<Parent, Args, Item> = (parent: Parent, args: Args, context: Context) => Promise<Item[]>

/** Wraps the resolver of a list whose length no argument limits. @throws as `countListValues` */
export const limitListValues =
  <Parent, Args, Item>(resolve: Resolve<Parent, Args, Item>) =>
  async (parent: Parent, args: Args, context: Context, info: GraphQLResolveInfo): Promise<Item[]> => {
    const items = await resolve(parent, args, context)
    countListValues(items.length, context, info)
    await yieldIfLarge(context)
    return items
  }
