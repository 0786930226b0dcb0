/** Who the visitor is, where they stand in line, and what they hold: the same in every tab, and after a reload. */
import { computed, effect, signal } from '@preact/signals'
import type { ResultOf, TadaDocumentNode } from '../shared/graphql.ts'
import { execute, ApiError, type Credentials } from '../shared/http.ts'
import { serverNow } from '../shared/clock.ts'
import { removeByPrefix, persist, persistentSignal } from '../shared/persistent-signal.ts'
import { createSubscriptions } from '../shared/subscriptions.ts'
import type { Refusal } from './action.tsx'
import { Join, Leave, SignUp, Heartbeat, WatchTicket } from './documents.ts'
import { loadPurchases, cachedTickets, clearCachedTickets, type Reservation } from './reservations.ts'

export type Status = ResultOf<typeof WatchTicket>['queueStatus']
export type { Reservation } from './reservations.ts'

const ACCESS_TOKEN_KEY = 'accessToken'
const QUEUE_TOKEN_PREFIX = 'ticket:'
const queueTokenKey = (concertId: string): string => `${QUEUE_TOKEN_PREFIX}${concertId}`

/** Is there a connection that says what happens? */
export const connected = signal(true)
export const subscriptions = createSubscriptions((now) => (connected.value = now))

export const status = signal<Status | null>(null)
const reservations = signal<readonly Reservation[]>(cachedTickets())
export const balance = signal(0)
/** May a buyer add points to their own balance? */
export const mayCharge = signal(false)

export const queueTokenFor = (concertId: string) => persistentSignal(queueTokenKey(concertId))

export const credentials = (concertId?: string): Credentials => ({
  accessToken: persistentSignal(ACCESS_TOKEN_KEY).value ?? undefined,
  queueToken: concertId === undefined ? undefined : (queueTokenFor(concertId).value ?? undefined),
})

/** The access token, which is in every tab the same. */
export const accessToken = () => persistentSignal(ACCESS_TOKEN_KEY)

const rejectedToken = signal<string | null>(null)

/**
 * The server no longer takes the access token. It is kept, with the place in line and the tickets: only the visitor can say
 * whether they come back as who they were, with another token, or go on as somebody new.
 */
export const signInEnded = computed(
  () => rejectedToken.value !== null && rejectedToken.value === persistentSignal(ACCESS_TOKEN_KEY).value,
)

function handleErrorCode(code: string, shown: string | undefined): void {
  if (code === 'UNAUTHENTICATED' && shown !== undefined) rejectedToken.value = shown
}

/** Asks in the visitor's name. @throws what `ask` throws */
export async function request<Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
  shown: Credentials = credentials(),
): Promise<Data> {
  try {
    return await execute(document, variables, shown)
  } catch (error) {
    if (error instanceof ApiError) handleErrorCode(error.code, shown.accessToken)
    throw error
  }
}

let signingUp: Promise<void> | undefined

/**
 * Makes an identity, once for this device.
 * @throws Refused NO_SIGN_UP: here, somebody else says who people are
 */
async function ensureSignedUp(): Promise<void> {
  if (persistentSignal(ACCESS_TOKEN_KEY).value !== null) return
  signingUp ??= execute(SignUp, { name: 'Guest' }).then(
    ({ signUp }) => persist(ACCESS_TOKEN_KEY, signUp.accessToken),
    // The mutation is not there: nothing else about it could be wrong.
    (error: unknown) => rethrowAs(error, 'BAD_INPUT', 'NO_SIGN_UP'),
  )
  await signingUp.finally(() => (signingUp = undefined))
}

/**
 * @returns why not; null: they are in line
 * @throws Refused BOT_CHECK: it takes a riddle that this page cannot show
 */
export async function join(concertId: string): Promise<Refusal | null> {
  await ensureSignedUp()
  const { issueQueueToken } = await request(Join, { concertId }).catch((error: unknown) =>
    rethrowAs(error, 'FORBIDDEN', 'BOT_CHECK'),
  )
  if (issueQueueToken.__typename !== 'QueueTicket') return issueQueueToken
  status.value = null
  persist(queueTokenKey(concertId), issueQueueToken.token)
  return null
}

/** Throws it again, by another code where it has this one. */
function rethrowAs(error: unknown, code: string, meaning: string): never {
  throw error instanceof ApiError && error.code === code ? new ApiError(error.message, meaning) : error
}

export async function leave(concertId: string): Promise<void> {
  const token = queueTokenFor(concertId).value
  if (token !== null) await request(Leave, { token })
  // What was held with it is given back.
  await invalidate()
}

/** Where the way through the line began, and how far it has gone. */
export const progressKey = (concertId: string): string => `progress:${concertId}`
/** The date that was chosen. */
export const dateKey = (concertId: string): string => `date:${concertId}`

/** Forgets a ticket that has ended. */
export const discardQueueToken = (concertId: string): void => persist(queueTokenKey(concertId), null)

/** The way is over: what it took need not stay on the device. */
function clearProgress(concertId: string): void {
  persist(progressKey(concertId), null)
  persist(dateKey(concertId), null)
}

/** Joins as somebody else than before, whose place and tickets this device forgets. @returns why not; null: they are in line */
export function joinAsNewUser(concertId: string): Promise<Refusal | null> {
  persist(ACCESS_TOKEN_KEY, null)
  removeByPrefix(QUEUE_TOKEN_PREFIX)
  clearCachedTickets()
  reservations.value = []
  return join(concertId)
}

/** Well within the server's grace period. */
const HEARTBEAT_MS = 20_000

/** Follows the visitor's ticket for a concert, in whichever tab it was issued. @returns what stops it */
export function subscribeToTicket(concertId: string): () => void {
  let stop: () => void = () => undefined
  const dispose = effect(() => {
    const token = queueTokenFor(concertId).value
    const shown = signInEnded.value ? undefined : (persistentSignal(ACCESS_TOKEN_KEY).value ?? undefined)
    stop()
    stop = () => undefined
    if (token === null) {
      status.value = null
      return
    }
    stop = subscriptions.subscribe(
      WatchTicket,
      { token },
      // A ticket speaks for itself: it is followed whether or not its owner is signed in.
      { accessToken: shown },
      {
        onValue: ({ queueStatus }) => {
          status.value = queueStatus
          if (queueStatus.__typename === 'Finished' || queueStatus.__typename === 'Lapsed')
            clearProgress(concertId)
          void refresh()
        },
        onEnd: () => undefined,
        onRefused: (code) => {
          if (code === 'QUEUE_TICKET_INVALID') discardQueueToken(concertId)
          handleErrorCode(code, shown)
        },
      },
    )
  })
  const staying = setInterval(() => {
    const token = queueTokenFor(concertId).peek()
    if (token === null || !subscriptions.usesServerSentEvents() || status.peek()?.__typename !== 'Waiting')
      return
    execute(Heartbeat, { token }).catch(() => undefined) // the next one may get through
  }, HEARTBEAT_MS)
  return () => {
    clearInterval(staying)
    dispose()
    stop()
  }
}

/** What the visitor has of a concert, the newest last. */
export const reservationsOf = (concertId: string): Reservation[] =>
  reservations.value.filter(({ performance }) => performance.concert.id === concertId)

export const seatNumbersOf = ({ seats }: Reservation): number[] => seats.map(({ number }) => number)

/** Is it theirs still? The clock says so before the server is asked again. */
export const isHeld = ({ status, heldUntil }: Reservation): boolean =>
  status === 'HELD' && Date.parse(heldUntil) > serverNow()

/** Written whenever something was changed here, for the other tabs to hear. Safari has BroadcastChannel since 15.4. */
const INVALIDATED_KEY = 'changed'
window.addEventListener('storage', ({ key }) => {
  if (key === INVALIDATED_KEY) void load()
})

let loading: Promise<void> | undefined
let stale = false

/** Reads what the visitor has. Asked for again meanwhile, it reads once more and not many times. */
async function load(): Promise<void> {
  if (persistentSignal(ACCESS_TOKEN_KEY).value === null || signInEnded.value) return
  if (loading) {
    stale = true
    return loading
  }
  loading = loadPurchases(request)
    .then((purchases) => {
      mayCharge.value = purchases.mayCharge
      balance.value = purchases.balance
      reservations.value = purchases.reservations
    })
    .catch(() => undefined) // What was read last stays.
  await loading
  loading = undefined
  if (stale) {
    stale = false
    await load()
  }
}

/** Waiting needs none of it; whoever is in, or was, sees what they have. */
async function refresh(): Promise<void> {
  if (status.value?.__typename !== 'Waiting') await load()
}

/** After something was changed here: reads it, and has the other tabs read it. */
export async function invalidate(): Promise<void> {
  persist(INVALIDATED_KEY, `${Date.now()} ${Math.random()}`)
  await load()
}
