/** Who is at the desk, and what they see. */
import { signal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { ask } from '../shared/http.ts'
import { createStreams } from '../shared/stream.ts'
import { Concerts } from './documents.ts'

type Loaded = ResultOf<typeof Concerts>
export type Concert = Loaded['concerts']['edges'][number]['node']
export type Action = Loaded['operatorActions']['edges'][number]['node']

/** In this tab only, and gone with it. */
const KEY = 'operatorToken'

export const token = signal(sessionStorage.getItem(KEY))
export const connected = signal(true)
export const streams = createStreams((now) => (connected.value = now))
export const concerts = signal<readonly Concert[]>([])
export const actions = signal<readonly Action[]>([])

export const credentials = () => ({ accessToken: token.value ?? undefined })

/** Reads the concerts and what was changed about them. Throws Refused when the token is not an operator's. */
export async function load(accessToken = token.value ?? undefined): Promise<void> {
  const loaded = await ask(Concerts, {}, { accessToken })
  concerts.value = loaded.concerts.edges.map(({ node }) => node).reverse()
  actions.value = loaded.operatorActions.edges.map(({ node }) => node)
}

export async function signIn(written: string): Promise<void> {
  const accessToken = written.replace(/^Bearer +/i, '')
  await load(accessToken)
  sessionStorage.setItem(KEY, accessToken)
  token.value = accessToken
}

export function signOut(): void {
  sessionStorage.removeItem(KEY)
  token.value = null
}
