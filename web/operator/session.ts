/** The operator's session, and the lists that are loaded. */
import { signal } from '@preact/signals'
import { ApiError } from '../../client/client.ts'
import { AuditLogDocument, ConcertsDocument } from '../../client/documents.ts'
import type { ResultOf, TypedDocument } from '../../client/graphql.ts'
import { client } from '../shared/client.ts'
import { session } from '../shared/storage.ts'

export type Concert = ResultOf<typeof ConcertsDocument>['concerts']['edges'][number]['node']
export type AuditLogEntry = ResultOf<typeof AuditLogDocument>['auditLog']['edges'][number]['node']

/** A page of a list, the newest items first. */
export interface ListPage<Item> {
  items: readonly Item[]
  /** Of the next page. Null: there is none. */
  olderCursor: string | null | undefined
  isNewest: boolean
}

/** In sessionStorage: gone with the tab. */
const KEY = 'operatorToken'

export const token = signal(session.get(KEY))
/** Whether the server has rejected the token. */
export const expired = signal(false)
export const concerts = signal<ListPage<Concert>>({ items: [], olderCursor: null, isNewest: true })
export const auditLog = signal<ListPage<AuditLogEntry>>({ items: [], olderCursor: null, isNewest: true })

/** Concerts of a page: each has a live card. */
const CONCERTS = 10

export const credentials = () => ({ accessToken: token.value ?? undefined })

/** Sends an operation with the operator's token. @throws ApiError */
export async function request<Data, Variables>(
  document: TypedDocument<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  try {
    return await client.request(document, variables, credentials())
  } catch (error) {
    if (error instanceof ApiError) handleErrorCode(error.code)
    throw error
  }
}

/** Signs out when the token is rejected, so that the page asks for another one. */
export function handleErrorCode(code: string): void {
  if (code !== 'UNAUTHENTICATED') return
  signOut()
  expired.value = true
}

/** Loads the newest concerts, or those before a cursor. */
export async function loadConcerts(before: string | null = null): Promise<undefined> {
  const { edges, pageInfo } = (await request(ConcertsDocument, { last: CONCERTS, before })).concerts
  const older = pageInfo.hasPreviousPage ? pageInfo.startCursor : null
  concerts.value = {
    items: edges.map(({ node }) => node).reverse(),
    olderCursor: older,
    isNewest: before === null,
  }
}

/** Loads the newest entries, or those after a cursor. */
export async function loadAuditLog(after: string | null = null): Promise<undefined> {
  const { edges, pageInfo } = (await request(AuditLogDocument, { after })).auditLog
  const older = pageInfo.hasNextPage ? pageInfo.endCursor : null
  auditLog.value = { items: edges.map(({ node }) => node), olderCursor: older, isNewest: after === null }
}

/** @throws ApiError when the token is not an operator's */
export async function signIn(typed: string): Promise<undefined> {
  const accessToken = typed.replace(/^Bearer +/i, '')
  await client.request(AuditLogDocument, {}, { accessToken })
  session.set(KEY, accessToken)
  token.value = accessToken
  expired.value = false
}

export function signOut(): void {
  session.set(KEY, null)
  token.value = null
}
