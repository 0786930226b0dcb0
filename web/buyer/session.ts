/** Who the visitor is, where they stand in line, and what they hold: the same in every tab, and after a reload. */
import { computed, effect, signal } from '@preact/signals'
import type { ResultOf, TadaDocumentNode } from '../shared/graphql.ts'
import { ask, Refused, type Credentials } from '../shared/http.ts'
import { serverNow } from '../shared/clock.ts'
import { forgetAll, keep, keptAt } from '../shared/kept.ts'
import { createStreams } from '../shared/stream.ts'
import type { Refusal } from './action.tsx'
import { Join, Leave, SignUp, StayPresent, WatchTicket } from './documents.ts'
import { loadPurchases, rememberedTickets, forgetTickets, type Reservation } from './reservations.ts'

export type Status = ResultOf<typeof WatchTicket>['queueStatus']
export type { Reservation } from './reservations.ts'

const ACCESS = 'accessToken'
const TICKET = 'ticket:'
const ticketKey = (concertId: string): string => `${TICKET}${concertId}`

/** Is there a connection that says what happens? */
export const connected = signal(true)
export const streams = createStreams((now) => (connected.value = now))

export const status = signal<Status | null>(null)
const reservations = signal<readonly Reservation[]>(rememberedTickets())
export const balance = signal(0)
/** May a buyer add points to their own balance? */
export const mayCharge = signal(false)

export const ticketOf = (concertId: string) => keptAt(ticketKey(concertId))

export const credentials = (concertId?: string): Credentials => ({
  accessToken: keptAt(ACCESS).value ?? undefined,
  queueToken: concertId === undefined ? undefined : (ticketOf(concertId).value ?? undefined),
})

/** The access token, which is in every tab the same. */
export const accessToken = () => keptAt(ACCESS)

const refusedToken = signal<string | null>(null)

/**
 * The server no longer takes the access token. It is kept, with the place in line and the tickets: only the visitor can say
 * whether they come back as who they were, with another token, or go on as somebody new.
 */
export const signInEnded = computed(
  () => refusedToken.value !== null && refusedToken.value === keptAt(ACCESS).value,
)

function heardRefusal(code: string, shown: string | undefined): void {
  if (code === 'UNAUTHENTICATED' && shown !== undefined) refusedToken.value = shown
}

/** Asks in the visitor's name. @throws what `ask` throws */
export async function request<Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
  shown: Credentials = credentials(),
): Promise<Data> {
  try {
    return await ask(document, variables, shown)
  } catch (error) {
    if (error instanceof Refused) heardRefusal(error.code, shown.accessToken)
    throw error
  }
}

let signingUp: Promise<void> | undefined

/**
 * Makes an identity, once for this device.
 * @throws Refused NO_SIGN_UP: here, somebody else says who people are
 */
async function signIn(): Promise<void> {
  if (keptAt(ACCESS).value !== null) return
  signingUp ??= ask(SignUp, { name: 'Guest' }).then(
    ({ signUp }) => keep(ACCESS, signUp.accessToken),
    // The mutation is not there: nothing else about it could be wrong.
    (error: unknown) => throwAs(error, 'BAD_INPUT', 'NO_SIGN_UP'),
  )
  await signingUp.finally(() => (signingUp = undefined))
}

/**
 * @returns why not; null: they are in line
 * @throws Refused BOT_CHECK: it takes a riddle that this page cannot show
 */
export async function join(concertId: string): Promise<Refusal | null> {
  await signIn()
  const { issueQueueToken } = await request(Join, { concertId }).catch((error: unknown) =>
    throwAs(error, 'FORBIDDEN', 'BOT_CHECK'),
  )
  if (issueQueueToken.__typename !== 'QueueTicket') return issueQueueToken
  status.value = null
  keep(ticketKey(concertId), issueQueueToken.token)
  return null
}

/** Throws it again, by another code where it has this one. */
function throwAs(error: unknown, code: string, meaning: string): never {
  throw error instanceof Refused && error.code === code ? new Refused(error.message, meaning) : error
}

export async function leave(concertId: string): Promise<void> {
  const token = ticketOf(concertId).value
  if (token !== null) await request(Leave, { token })
  // What was held with it is given back.
  await changed()
}

/** Where the way through the line began, and how far it has gone. */
export const progressKey = (concertId: string): string => `progress:${concertId}`
/** The date that was chosen. */
export const dateKey = (concertId: string): string => `date:${concertId}`

/** Forgets a ticket that has ended. */
export const forget = (concertId: string): void => keep(ticketKey(concertId), null)

/** The way is over: what it took need not stay on the device. */
function tidy(concertId: string): void {
  keep(progressKey(concertId), null)
  keep(dateKey(concertId), null)
}

/** Joins as somebody else than before, whose place and tickets this device forgets. @returns why not; null: they are in line */
export function joinAnew(concertId: string): Promise<Refusal | null> {
  keep(ACCESS, null)
  forgetAll(TICKET)
  forgetTickets()
  reservations.value = []
  return join(concertId)
}

/** Well within the server's grace period. */
const STAY_PRESENT_MS = 20_000

/** Follows the visitor's ticket for a concert, in whichever tab it was issued. @returns what stops it */
export function followTicket(concertId: string): () => void {
  let stop: () => void = () => undefined
  const dispose = effect(() => {
    const token = ticketOf(concertId).value
    const shown = signInEnded.value ? undefined : (keptAt(ACCESS).value ?? undefined)
    stop()
    stop = () => undefined
    if (token === null) {
      status.value = null
      return
    }
    stop = streams.subscribe(
      WatchTicket,
      { token },
      // A ticket speaks for itself: it is followed whether or not its owner is signed in.
      { accessToken: shown },
      {
        onValue: ({ queueStatus }) => {
          status.value = queueStatus
          if (queueStatus.__typename === 'Finished' || queueStatus.__typename === 'Lapsed') tidy(concertId)
          void refresh()
        },
        onEnd: () => undefined,
        onRefused: (code) => {
          if (code === 'QUEUE_TICKET_INVALID') forget(concertId)
          heardRefusal(code, shown)
        },
      },
    )
  })
  const staying = setInterval(() => {
    const token = ticketOf(concertId).peek()
    if (token === null || !streams.areEvents() || status.peek()?.__typename !== 'Waiting') return
    ask(StayPresent, { token }).catch(() => undefined) // the next one may get through
  }, STAY_PRESENT_MS)
  return () => {
    clearInterval(staying)
    dispose()
    stop()
  }
}

/** What the visitor has of a concert, the newest last. */
export const reservationsOf = (concertId: string): Reservation[] =>
  reservations.value.filter(({ performance }) => performance.concert.id === concertId)

export const numbersOf = ({ seats }: Reservation): number[] => seats.map(({ number }) => number)

/** Is it theirs still? The clock says so before the server is asked again. */
export const isHeld = ({ status, heldUntil }: Reservation): boolean =>
  status === 'HELD' && Date.parse(heldUntil) > serverNow()

/** Written whenever something was changed here, for the other tabs to hear. Safari has BroadcastChannel since 15.4. */
const CHANGED = 'changed'
window.addEventListener('storage', ({ key }) => {
  if (key === CHANGED) void load()
})

let loading: Promise<void> | undefined
let stale = false

/** Reads what the visitor has. Asked for again meanwhile, it reads once more and not many times. */
async function load(): Promise<void> {
  if (keptAt(ACCESS).value === null || signInEnded.value) return
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
export async function changed(): Promise<void> {
  keep(CHANGED, `${Date.now()} ${Math.random()}`)
  await load()
}
