/** Who the visitor is, where they stand in line, and what they hold: the same in every tab, and after a reload. */
import { effect, signal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { ask, Refused, type Credentials } from '../shared/http.ts'
import { forgetAll, keep, keptAt } from '../shared/kept.ts'
import { createStreams } from '../shared/stream.ts'
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
export const reservations = signal<readonly Reservation[]>([])
export const balance = signal(0)

export const ticketOf = (concertId: string) => keptAt(ticketKey(concertId))

export const credentials = (concertId?: string): Credentials => ({
  accessToken: keptAt(ACCESS).value ?? undefined,
  queueToken: concertId === undefined ? undefined : (ticketOf(concertId).value ?? undefined),
})

let signingUp: Promise<void> | undefined

/** Makes an identity, once for this device. */
async function signIn(): Promise<void> {
  if (keptAt(ACCESS).value !== null) return
  signingUp ??= ask(SignUp, { name: 'Guest' }).then(({ signUp }) => keep(ACCESS, signUp.accessToken))
  await signingUp.finally(() => (signingUp = undefined))
}

/** @returns false: it is no longer on sale */
export async function join(concertId: string): Promise<boolean> {
  await signIn()
  const { issueQueueToken } = await ask(Join, { concertId }, credentials())
  if (issueQueueToken.__typename !== 'QueueTicket') return false
  status.value = null
  keep(ticketKey(concertId), issueQueueToken.token)
  return true
}

export async function leave(concertId: string): Promise<void> {
  const token = ticketOf(concertId).value
  if (token !== null) await ask(Leave, { token }, credentials())
}

/** Forgets a ticket that has ended. */
export const forget = (concertId: string): void => keep(ticketKey(concertId), null)

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
    .then(({ me, reservations: page }) => {
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
