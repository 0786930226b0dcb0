/** Who is at the desk, and what they see. */
import { signal } from '@preact/signals'
import type { ResultOf, TadaDocumentNode } from '../shared/graphql.ts'
import { execute, ApiError } from '../shared/http.ts'
import { session } from '../shared/storage.ts'
import { createSubscriptions } from '../shared/subscriptions.ts'
import { AuditLog, Concerts } from './documents.ts'

export type Concert = ResultOf<typeof Concerts>['concerts']['edges'][number]['node']
export type AuditLogEntry = ResultOf<typeof AuditLog>['operatorActions']['edges'][number]['node']

/** A page of a list that is longer: its items, the newest first. */
export interface ListPage<Item> {
  items: readonly Item[]
  /** Where the next page begins; null: there is none. */
  olderCursor: string | null | undefined
  isNewest: boolean
}

/** In this tab only, and gone with it. */
const KEY = 'operatorToken'

export const token = signal(session.get(KEY))
/** Was it the server that showed them out? */
export const expired = signal(false)
export const connected = signal(true)
export const subscriptions = createSubscriptions((now) => (connected.value = now))
export const concerts = signal<ListPage<Concert>>({ items: [], olderCursor: null, isNewest: true })
export const auditLog = signal<ListPage<AuditLogEntry>>({ items: [], olderCursor: null, isNewest: true })

export const credentials = () => ({ accessToken: token.value ?? undefined })

/** Asks in the operator's name. @throws what `ask` throws */
export async function request<Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  try {
    return await execute(document, variables, credentials())
  } catch (error) {
    if (error instanceof ApiError) handleErrorCode(error.code)
    throw error
  }
}

/** A token that is not taken any more opens nothing: the desk asks for another, instead of standing still. */
export function handleErrorCode(code: string): void {
  if (code !== 'UNAUTHENTICATED') return
  signOut()
  expired.value = true
}

/** Shows the newest concerts, or those that are older. */
export async function loadConcerts(before: string | null = null): Promise<undefined> {
  const { edges, pageInfo } = (await request(Concerts, { before })).concerts
  const older = pageInfo.hasPreviousPage ? pageInfo.startCursor : null
  concerts.value = {
    items: edges.map(({ node }) => node).reverse(),
    olderCursor: older,
    isNewest: before === null,
  }
}

/** Shows what was changed last, or before that. */
export async function loadAuditLog(after: string | null = null): Promise<undefined> {
  const { edges, pageInfo } = (await request(AuditLog, { after })).operatorActions
  const older = pageInfo.hasNextPage ? pageInfo.endCursor : null
  auditLog.value = { items: edges.map(({ node }) => node), olderCursor: older, isNewest: after === null }
}

/** @throws Refused when the token is not an operator's */
export async function signIn(written: string): Promise<undefined> {
  const accessToken = written.replace(/^Bearer +/i, '')
  await execute(AuditLog, { after: null }, { accessToken })
  session.set(KEY, accessToken)
  token.value = accessToken
  expired.value = false
}

export function signOut(): void {
  session.set(KEY, null)
  token.value = null
}
