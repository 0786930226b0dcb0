/** Who the visitor is, where they stand in line, and what they hold: the same in every tab, and after a reload. */
import { effect, signal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { ask, Refused, type Credentials } from '../shared/http.ts'
import { serverNow } from '../shared/clock.ts'
import { forgetAll, keep, keptAt } from '../shared/kept.ts'
import { createStreams } from '../shared/stream.ts'
import type { Refusal } from './action.tsx'
import { Join, Leave, Purchases, SignUp, WatchTicket } from './documents.ts'

export type Status = ResultOf<typeof WatchTicket>['queueStatus']
type Bought = ResultOf<typeof Purchases>
export type Reservation = Bought['reservations']['edges'][number]['node']

const ACCESS = 'accessToken'
const TICKET = 'ticket:'
const ticketKey = (concertId: string): string => `${TICKET}${concertId}`

/** Is there a connection that says what happens? */
export const connected = signal(true)
export const streams = createStreams((now) => (connected.value = now))

export const status = signal<Status | null>(null)
const reservations = signal<readonly Reservation[]>([])
export const balance = signal(0)
/** May a buyer add points to their own balance? */
export const mayCharge = signal(false)

export const ticketOf = (concertId: string) => keptAt(ticketKey(concertId))

export const credentials = (concertId?: string): Credentials => ({
  accessToken: keptAt(ACCESS).value ?? undefined,
  queueToken: concertId === undefined ? undefined : (ticketOf(concertId).value ?? undefined),
})

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
  const { issueQueueToken } = await ask(Join, { concertId }, credentials()).catch((error: unknown) =>
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
  if (token !== null) await ask(Leave, { token }, credentials())
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

/** An access token that is none any more leads nowhere, and its tickets with it. What was bought stays bought. */
function forgetVisitor(): void {
  keep(ACCESS, null)
  forgetAll(TICKET)
  reservations.value = []
}

/** Follows the visitor's ticket for a concert, in whichever tab it was issued. @returns what stops it */
export function followTicket(concertId: string): () => void {
  let stop: () => void = () => undefined
  const dispose = effect(() => {
    const token = ticketOf(concertId).value
    stop()
    stop = () => undefined
    if (token === null) {
      status.value = null
      return
    }
    stop = streams.subscribe(
      WatchTicket,
      { token },
      { accessToken: keptAt(ACCESS).peek() ?? undefined },
      {
        onValue: ({ queueStatus }) => {
          status.value = queueStatus
          if (queueStatus.__typename === 'Finished' || queueStatus.__typename === 'Lapsed') tidy(concertId)
          void refresh()
        },
        onEnd: () => undefined,
        onRefused: (code) => {
          if (code === 'QUEUE_TICKET_INVALID') forget(concertId)
          if (code === 'UNAUTHENTICATED') forgetVisitor()
        },
      },
    )
  })
  return () => {
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

const news = new BroadcastChannel('stagedoor')
news.addEventListener('message', () => void load())

let loading: Promise<void> | undefined
let stale = false

/** Reads what the visitor has. Asked for again meanwhile, it reads once more and not many times. */
async function load(): Promise<void> {
  if (keptAt(ACCESS).value === null) return
  if (loading) {
    stale = true
    return loading
  }
  loading = ask(Purchases, {}, credentials())
    .then(({ chargesBy, me, reservations: page }) => {
      mayCharge.value = chargesBy === 'BUYERS'
      balance.value = me?.points.balance ?? 0
      reservations.value = page.edges.map(({ node }) => node)
    })
    .catch((error: unknown) => {
      if (error instanceof Refused && error.code === 'UNAUTHENTICATED') forgetVisitor()
    })
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
  news.postMessage('changed')
  await load()
}
