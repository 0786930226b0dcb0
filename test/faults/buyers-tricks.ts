/** What buyers try that they should not get: other people's seats, tickets, money and keys. */
import { globalId } from '../../src/schema/ids.ts'
import { chance, once, uuidFrom, type Buyer } from './buyers-hands.ts'
import type { Sale } from './sales.ts'

type Trick = (buyer: Buyer, sale: Sale) => Promise<unknown> | undefined

const reservationTrick =
  (run: (buyer: Buyer, id: string) => Promise<unknown>): Trick =>
  (buyer) => {
    const { loot } = buyer.stage
    const loose = loot.ofOthers(loot.reservations, buyer.person.uuid, buyer.random)
    return loose && run(buyer, loose.it)
  }

const tokenTrick =
  (run: (buyer: Buyer, token: string, owner: string, sale: Sale) => Promise<unknown>): Trick =>
  (buyer, sale) => {
    const { loot } = buyer.stage
    const loose = loot.ofOthers(loot.tokens, buyer.person.uuid, buyer.random)
    return loose && run(buyer, loose.it, loose.owner, sale)
  }

const key = (buyer: Buyer): string => uuidFrom(buyer.random)

const tricks: readonly Trick[] = [
  reservationTrick((buyer, id) => once(buyer, 'reservation', { id }, { theft: 'reservation' })),
  reservationTrick((buyer, id) => once(buyer, 'node', { id }, { theft: 'reservation' })),
  reservationTrick((buyer, reservationId) => {
    const input = { reservationId, idempotencyKey: key(buyer) }
    return once(buyer, 'payReservation', { input }, { theft: 'reservation' })
  }),
  reservationTrick((buyer, reservationId) => {
    const input = { reservationId, idempotencyKey: key(buyer) }
    return once(buyer, 'cancelReservation', { input }, { theft: 'reservation' })
  }),
  tokenTrick((buyer, shown, _, sale) => {
    const performance = buyer.random.pick(sale.performances)
    const seatNumbers = [buyer.random.int(1, performance.seatCount)]
    const input = { performanceId: performance.id, seatNumbers, idempotencyKey: key(buyer) }
    return once(buyer, 'holdSeats', { input }, { theft: 'ticket', shown })
  }),
  tokenTrick((buyer, shown, _, sale) =>
    once(buyer, 'performances', { concertId: sale.concertId }, { theft: 'ticket', shown }),
  ),
  tokenTrick((buyer, token) => once(buyer, 'leaveQueue', { input: { token } }, { theft: 'ticket' })),
  tokenTrick((buyer, _, owner, sale) => {
    const input = { concertId: sale.concertId, userId: globalId('User', owner) }
    return once(buyer, 'issueQueueToken', { input }, { theft: 'user' })
  }),
  tokenTrick((buyer, _, owner) =>
    once(buyer, 'points', { userId: globalId('User', owner) }, { theft: 'user' }),
  ),
  tokenTrick((buyer, _, owner) => {
    const input = { userId: globalId('User', owner), amount: 100, idempotencyKey: key(buyer) }
    return once(buyer, 'chargePoints', { input }, { theft: 'user' })
  }),
]

/** Tries one of them, now and then. */
export async function tryTrick(buyer: Buyer, sale: Sale, likely: number): Promise<void> {
  if (chance(buyer, likely)) await buyer.random.pick(tricks)(buyer, sale)
}
