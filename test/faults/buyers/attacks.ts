/** Attempts to use the seats, tickets, points and keys of other users. */
import { globalId } from '../../../src/schema/ids.ts'
import { chance, sendOnce, uuidFrom, type Buyer } from './actions.ts'
import type { Sale } from '../sales.ts'

type Attack = (buyer: Buyer, sale: Sale) => Promise<unknown> | undefined

const reservationAttack =
  (run: (buyer: Buyer, id: string) => Promise<unknown>): Attack =>
  (buyer) => {
    const { shared } = buyer.context
    const target = shared.ofOthers(shared.reservations, buyer.user.uuid, buyer.random)
    return target && run(buyer, target.value)
  }

const tokenAttack =
  (run: (buyer: Buyer, token: string, owner: string, sale: Sale) => Promise<unknown>): Attack =>
  (buyer, sale) => {
    const { shared } = buyer.context
    const target = shared.ofOthers(shared.tokens, buyer.user.uuid, buyer.random)
    return target && run(buyer, target.value, target.owner, sale)
  }

const key = (buyer: Buyer): string => uuidFrom(buyer.random)

const attacks: readonly Attack[] = [
  reservationAttack((buyer, id) => sendOnce(buyer, 'reservation', { id }, { theft: 'reservation' })),
  reservationAttack((buyer, id) => sendOnce(buyer, 'node', { id }, { theft: 'reservation' })),
  reservationAttack((buyer, reservationId) => {
    const input = { reservationId, idempotencyKey: key(buyer) }
    return sendOnce(buyer, 'payReservation', { input }, { theft: 'reservation' })
  }),
  reservationAttack((buyer, reservationId) => {
    const input = { reservationId, idempotencyKey: key(buyer) }
    return sendOnce(buyer, 'cancelReservation', { input }, { theft: 'reservation' })
  }),
  tokenAttack((buyer, shown, _, sale) => {
    const performance = buyer.random.pick(sale.performances)
    const seatNumbers = [buyer.random.int(1, performance.seatCount)]
    const input = { performanceId: performance.id, seatNumbers, idempotencyKey: key(buyer) }
    return sendOnce(buyer, 'holdSeats', { input }, { theft: 'ticket', shown })
  }),
  tokenAttack((buyer, shown, _, sale) =>
    sendOnce(buyer, 'performances', { concertId: sale.concertId }, { theft: 'ticket', shown }),
  ),
  tokenAttack((buyer, token) => sendOnce(buyer, 'leaveQueue', { input: { token } }, { theft: 'ticket' })),
  tokenAttack((buyer, _, owner, sale) => {
    const input = { concertId: sale.concertId, userId: globalId('User', owner) }
    return sendOnce(buyer, 'issueQueueToken', { input }, { theft: 'user' })
  }),
  tokenAttack((buyer, _, owner) =>
    sendOnce(buyer, 'points', { userId: globalId('User', owner) }, { theft: 'user' }),
  ),
  tokenAttack((buyer, _, owner) => {
    const input = { userId: globalId('User', owner), amount: 100, idempotencyKey: key(buyer) }
    return sendOnce(buyer, 'chargePoints', { input }, { theft: 'user' })
  }),
]

/** Tries one of them, with this probability. */
export async function tryAttack(buyer: Buyer, sale: Sale, probability: number): Promise<void> {
  if (chance(buyer, probability)) await buyer.random.pick(attacks)(buyer, sale)
}
