import { and, asc, desc, sql as fragment } from 'drizzle-orm'
import type { OperatorAction } from '../domain/operators.ts'
import type { Page } from '../domain/page.ts'
import type { Database } from './client.ts'
import { boundsOf, defineRead, isOnPage, type PageBounds } from './read.ts'
import { operatorActions } from './tables.ts'

const readPage = (order: typeof asc) =>
  defineRead<PageBounds & { concertId: string | null }, OperatorAction[]>((orm) =>
    orm
      .select()
      .from(operatorActions)
      .where(
        and(
          fragment`(${operatorActions.concertId} = ${fragment.placeholder('concertId')}::uuid
            or ${fragment.placeholder('concertId')}::uuid is null)`,
          isOnPage(operatorActions.id),
        ),
      )
      .orderBy(order(operatorActions.id))
      .limit(fragment.placeholder('limit')),
  )
const readFirst = readPage(asc)
const readLast = readPage(desc)

/** One page of what operators have changed, the oldest first. @param concertId null: of all concerts */
export const listOperatorActions = (
  db: Database,
  concertId: string | null,
  page: Page,
): Promise<OperatorAction[]> => (page.fromEnd ? readLast : readFirst)(db, { concertId, ...boundsOf(page) })
