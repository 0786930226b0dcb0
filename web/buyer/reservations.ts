/** What the visitor holds and has bought. Bought tickets stay on the device: they are shown at the door, online or not. */
import { signal } from '@preact/signals'
import { PurchasesDocument, ReservationsDocument } from '../../client/documents.ts'
import type { ResultOf } from '../../client/graphql.ts'
import { serverNow } from '../shared/clock.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { accessToken, request, signInEnded } from './identity.ts'

type ReservationPage = ResultOf<typeof ReservationsDocument>['reservations']
export type Reservation = ReservationPage['edges'][number]['node']

const TICKETS_KEY = 'tickets'
/** 20 pages of 50: no visitor has more. */
const PAGES_MAX = 20
/** Tickets kept on the device, the newest. */
const CACHED_MAX = 50

const reservations = signal<readonly Reservation[]>(cachedTickets())
export const balance = signal(0)
/** Whether buyers may add points to their own balance. */
export const mayCharge = signal(false)

/** What the visitor has of a concert, the newest last. */
export const reservationsOf = (concertId: string): Reservation[] =>
  reservations.value.filter(({ performance }) => performance.concert.id === concertId)

export const seatNumbersOf = ({ seats }: Reservation): number[] => seats.map(({ number }) => number)

/** By the clock, which is ahead of what was read last. */
export const isHeld = ({ status, heldUntil }: Reservation): boolean =>
  status === 'HELD' && Date.parse(heldUntil) > serverNow()

/** Written after a change, so that the other tabs read it. Safari has BroadcastChannel since 15.4 only. */
const INVALIDATED_KEY = 'changed'
window.addEventListener('storage', ({ key }) => {
  if (key === INVALIDATED_KEY) void loadReservations()
})

let loading: Promise<void> | undefined
let stale = false

/** Reads what the visitor has. Calls while it reads lead to one more reading, not to many. */
export async function loadReservations(): Promise<void> {
  if (accessToken.value === null || signInEnded.value) return
  if (loading) {
    stale = true
    return loading
  }
  loading = load().catch(() => undefined) // What was read last stays.
  await loading
  loading = undefined
  if (stale) {
    stale = false
    await loadReservations()
  }
}

/** After a change on this page: reads what the visitor has, here and in the other tabs. */
export async function invalidate(): Promise<void> {
  persist(INVALIDATED_KEY, `${Date.now()} ${Math.random()}`)
  await loadReservations()
}

export function clearReservations(): void {
  persist(TICKETS_KEY, null)
  reservations.value = []
}

/** A reservation's id has its UUID in it, which begins with the time. */
const byTime = (a: Reservation, b: Reservation): number => (atob(a.id) < atob(b.id) ? -1 : 1)

async function load(): Promise<void> {
  const [{ chargesBy, me, held, newest }, paid] = await Promise.all([
    request(PurchasesDocument, {}),
    loadTickets(),
  ])
  persist(TICKETS_KEY, JSON.stringify(paid.slice(-CACHED_MAX)))
  const others = [...held.edges, ...newest.edges].map(({ node }) => node)
  mayCharge.value = chargesBy === 'BUYERS'
  balance.value = me?.points.balance ?? 0
  reservations.value = [...new Map([...paid, ...others].map((one) => [one.id, one])).values()].sort(byTime)
}

async function loadTickets(): Promise<Reservation[]> {
  const tickets: Reservation[] = []
  let before: string | null = null
  for (let page = 0; page < PAGES_MAX; page++) {
    const result: ResultOf<typeof ReservationsDocument> = await request(ReservationsDocument, {
      before,
      status: ['PAID'],
    })
    const { edges, pageInfo } = result.reservations
    tickets.push(...edges.map(({ node }) => node))
    if (!pageInfo.hasPreviousPage) break
    before = pageInfo.startCursor
  }
  return tickets.sort(byTime)
}

/** The tickets that this device has read last. */
function cachedTickets(): readonly Reservation[] {
  try {
    return JSON.parse(persistentSignal(TICKETS_KEY).value ?? '[]') as Reservation[]
  } catch {
    return []
  }
}
