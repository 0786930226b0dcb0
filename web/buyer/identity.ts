/** The visitor's identity: one access token, the same in every tab and after a reload. */
import { computed, signal } from '@preact/signals'
import { ApiError, type Credentials } from '../../client/client.ts'
import { SignUpDocument } from '../../client/documents.ts'
import type { TypedDocument } from '../../client/graphql.ts'
import { client } from '../shared/client.ts'
import { persist, persistentSignal, removeByPrefix } from '../shared/persistent-signal.ts'

const ACCESS_TOKEN_KEY = 'accessToken'

export const accessToken = persistentSignal(ACCESS_TOKEN_KEY)

export const setAccessToken = (token: string | null): void => persist(ACCESS_TOKEN_KEY, token)

const QUEUE_TOKEN_PREFIX = 'ticket:'

/** Of the queue ticket that this device has for a concert. */
export const queueTokenFor = (concertId: string) => persistentSignal(QUEUE_TOKEN_PREFIX + concertId)

export const setQueueToken = (concertId: string, token: string | null): void =>
  persist(QUEUE_TOKEN_PREFIX + concertId, token)

export const removeQueueTokens = (): void => removeByPrefix(QUEUE_TOKEN_PREFIX)

export const credentials = (concertId?: string): Credentials => ({
  accessToken: accessToken.value ?? undefined,
  queueToken: concertId === undefined ? undefined : (queueTokenFor(concertId).value ?? undefined),
})

const rejectedToken = signal<string | null>(null)

/**
 * The server rejects the access token. It is kept, with the queue ticket and the bought tickets: the visitor decides
 * whether to come back with another token of the same identity, or to go on with a new identity.
 */
export const signInEnded = computed(
  () => rejectedToken.value !== null && rejectedToken.value === accessToken.value,
)

/** @param sentToken the access token of the operation that has failed */
export function handleErrorCode(code: string, sentToken: string | undefined): void {
  if (code === 'UNAUTHENTICATED' && sentToken !== undefined) rejectedToken.value = sentToken
}

/** Sends an operation with the visitor's credentials. @throws ApiError */
export async function request<Data, Variables>(
  document: TypedDocument<Data, Variables>,
  variables: Variables,
  sent: Credentials = credentials(),
): Promise<Data> {
  try {
    return await client.request(document, variables, sent)
  } catch (error) {
    if (error instanceof ApiError) handleErrorCode(error.code, sent.accessToken)
    throw error
  }
}

let signingUp: Promise<void> | undefined

/**
 * Creates an identity, once for this device.
 * @throws ApiError NO_SIGN_UP: the server does not issue identities
 */
export async function ensureSignedUp(): Promise<void> {
  if (accessToken.value !== null) return
  signingUp ??= client.request(SignUpDocument, { input: { name: 'Guest' } }).then(
    ({ signUp }) => setAccessToken(signUp.accessToken),
    // The schema has no such mutation: nothing else about it could be wrong.
    (error: unknown) => rethrowAs(error, 'BAD_INPUT', 'NO_SIGN_UP'),
  )
  await signingUp.finally(() => (signingUp = undefined))
}

/** Throws an error again, with another code where it has this one. */
export function rethrowAs(error: unknown, code: string, meaning: string): never {
  throw error instanceof ApiError && error.code === code ? new ApiError(error.message, meaning) : error
}
