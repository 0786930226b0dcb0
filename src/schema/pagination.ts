/** Relay connections over lists that are ordered by id. The global id of an item is its cursor. */
import { resolveCursorConnection, type ResolveCursorConnectionArgs } from '@pothos/plugin-relay'
import type { PageArgs } from '../domain/pagination.ts'
import { Problem } from '../domain/problem.ts'
import { page as pageSize } from './validation.ts'
import { LIST_ITEMS } from './builder.ts'
import { globalId, parseGlobalId, type NodeName } from './ids.ts'

/**
 * One page of a list.
 * @param args `first`, `last`, `after` and `before` as the client sent them
 * @param list is asked for one item more than the page has, to see whether there is another page
 */
export const connection = <Item extends { id: string }>(
  typename: NodeName,
  args: Parameters<typeof resolveCursorConnection>[0]['args'],
  list: (page: PageArgs) => Promise<Item[]>,
) =>
  resolveCursorConnection(
    { args, ...pageSize, toCursor: (item: Item) => globalId(typename, item.id) },
    ({ before, after, limit, inverted }: ResolveCursorConnectionArgs): Promise<Item[]> =>
      list({
        limit,
        fromEnd: inverted,
        after: parseCursor(typename, after),
        before: parseCursor(typename, before),
      }),
  )

/** The same page of a list in descending order. */
export const newestFirst = ({ limit, after, before, fromEnd }: PageArgs): PageArgs => ({
  limit,
  after: before,
  before: after,
  fromEnd: !fromEnd,
})

interface PageSize {
  first?: number | null | undefined
  last?: number | null | undefined
}

/** The cost of a page: that of an item, for each item. `edges` multiplies by `LIST_ITEMS` already. */
export const connectionComplexity = ({ first, last }: PageSize) => ({
  field: 1,
  multiplier: Math.min(first ?? last ?? pageSize.defaultSize, pageSize.maxSize) / LIST_ITEMS,
})

function parseCursor(typename: NodeName, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const parsed = parseGlobalId(cursor.slice(0, 200))
  if (parsed?.typename !== typename)
    throw new Problem('BAD_INPUT', 'before, after: must be a cursor of this list')
  return parsed.id
}
