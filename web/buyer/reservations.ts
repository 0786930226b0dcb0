/** What the visitor holds and has bought, and what of it stays on the device: a ticket is shown at the door, online or not. */
import type { ResultOf, TadaDocumentNode } from '../shared/graphql.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { Holds, Tickets } from './documents.ts'

type TicketPage = ResultOf<typeof Tickets>['reservations']
export type Reservation = TicketPage['edges'][number]['node']

const TICKETS = 'tickets'
/** A thousand tickets: nobody has more. */
const PAGES_MAX = 20
/** What is kept of them for when they cannot be asked for: the newest. */
const CACHED_MAX = 50

type Request = <Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
) => Promise<Data>

/** A reservation's id has its UUID in it, and that has the time. */
const byTime = (a: Reservation, b: Reservation): number => (atob(a.id) < atob(b.id) ? -1 : 1)

/** Reads what the visitor has, the oldest first. @throws what `request` throws */
export async function loadPurchases(
  request: Request,
): Promise<{ mayCharge: boolean; balance: number; reservations: readonly Reservation[] }> {
  const [{ chargesBy, me, held, newest }, paid] = await Promise.all([
    request(Holds, {}),
    loadTickets(request),
  ])
  persist(TICKETS, JSON.stringify(paid.slice(-CACHED_MAX)))
  const others = [...held.edges, ...newest.edges].map(({ node }) => node)
  const all = new Map([...paid, ...others].map((one) => [one.id, one]))
  return {
    mayCharge: chargesBy === 'BUYERS',
    balance: me?.points.balance ?? 0,
    reservations: [...all.values()].sort(byTime),
  }
}

async function loadTickets(request: Request): Promise<Reservation[]> {
  const tickets: Reservation[] = []
  let before: string | null = null
  for (let page = 0; page < PAGES_MAX; page++) {
    const { edges, pageInfo }: TicketPage = (await request(Tickets, { before })).reservations
    tickets.push(...edges.map(({ node }) => node))
    if (!pageInfo.hasPreviousPage) break
    before = pageInfo.startCursor
  }
  return tickets.sort(byTime)
}

/** The tickets that this device knew of last. */
export function cachedTickets(): readonly Reservation[] {
  try {
    return JSON.parse(persistentSignal(TICKETS).value ?? '[]') as Reservation[]
  } catch {
    return []
  }
}

export const clearCachedTickets = (): void => persist(TICKETS, null)
