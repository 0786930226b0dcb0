/** The concerts, as they were when somebody looked. */
import { signal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { ask } from '../shared/http.ts'
import { Concerts } from './documents.ts'

type Concert = ResultOf<typeof Concerts>['concerts']['edges'][number]['node']

/** null: not known yet. */
export const concerts = signal<readonly Concert[] | null>(null)

export async function loadConcerts(): Promise<void> {
  const page = await ask(Concerts, {})
  concerts.value = page.concerts.edges.map(({ node }) => node)
}
