/** One buyer, from joining the queue to leaving it. */
import { send, chance, charge, isStopping, sendOnce, pause, uuidFrom, type Buyer } from './actions.ts'
import { purchase } from './purchase.ts'
import { tryAttack } from './attacks.ts'
import { freeze } from '../frozen.ts'
import { SEAT_PRICE, type Sale } from '../sales.ts'
import type { Subscription } from '../subscriptions.ts'

/** How long a buyer waits before giving up. */
const WAIT_MS = 45_000
const JOINS_MAX = 3

/** From charging to leaving. A buyer that is stopped leaves everything as it is, with its subscription open. */
export async function runScenario(buyer: Buyer): Promise<void> {
  const sale = buyer.context.sales.pick(buyer.random)
  if (chance(buyer, 0.75)) await charge(buyer, buyer.random.int(1, 5) * SEAT_PRICE)
  for (let joins = 0; joins < JOINS_MAX && !isStopping(buyer); joins++) {
    if (!(await join(buyer, sale))) return
    const subscription = chance(buyer, 0.8) ? subscribe(buyer) : undefined
    const outcome = await waitForTurn(buyer, sale, subscription)
    if (isStopping(buyer)) return
    await subscription?.stop()
    if (outcome === 'gone' || !chance(buyer, 0.35)) return
  }
}

const subscribe = ({ context, user, token = '', random }: Buyer): Subscription =>
  context.subscriptions.subscribe(user, token, random.fork(`watch ${token}`))

async function join(buyer: Buyer, sale: Sale): Promise<boolean> {
  // As in a new tab, which has no ticket.
  delete buyer.token
  const { answer, outcome } = await send(buyer, 'issueQueueToken', { concertId: sale.concertId })
  if (outcome !== 'ok' || typeof answer?.token !== 'string') return false
  buyer.token = answer.token
  buyer.context.shared.add(buyer.context.shared.tokens, buyer.user.uuid, answer.token)
  return true
}

/** Waits, and purchases when admitted. @returns 'gone' for a buyer that does not return */
async function waitForTurn(
  buyer: Buyer,
  sale: Sale,
  subscription: Subscription | undefined,
): Promise<'over' | 'gone'> {
  const { context } = buyer
  const giveUpAt = Date.now() + WAIT_MS
  while (Date.now() < giveUpAt && !isStopping(buyer)) {
    const kind = await readStatus(buyer, subscription)
    if (kind === 'Admitted') {
      await purchase(buyer, sale)
      return isStopping(buyer) ? 'gone' : 'over'
    }
    if (kind === 'Finished' || kind === 'Lapsed') {
      if (chance(buyer, 0.5)) await tryHold(buyer, sale)
      return 'over'
    }
    await tryAttack(buyer, sale, 0.1)
    if (chance(buyer, 0.1)) await sendOnce(buyer, 'issueQueueToken', { input: { concertId: sale.concertId } })
    await tryBeforeAdmission(buyer, sale)
    if (chance(buyer, 0.03)) {
      await send(buyer, 'leaveQueue', { token: buyer.token })
      return 'over'
    }
    if (chance(buyer, 0.03)) {
      await subscription?.stop()
      const server = buyer.random.int(0, context.cluster.servers.length - 1)
      await freeze(context, buyer.user, buyer.token ?? '', server, context.graceMs * 3)
      return 'gone'
    }
    if (chance(buyer, 0.03)) {
      await subscription?.stop()
      await pause(buyer, context.graceMs + buyer.random.int(500, 4_000))
      if (chance(buyer, 0.4)) return 'gone'
      if (isStopping(buyer)) return 'gone'
      const resumed = subscribe(buyer)
      const outcome = await waitForTurn(buyer, sale, resumed)
      if (!isStopping(buyer)) await resumed.stop()
      return outcome
    }
  }
  return 'gone'
}

async function readStatus(buyer: Buyer, subscription: Subscription | undefined): Promise<string> {
  const waitMs = buyer.random.int(500, 3_000)
  if (subscription)
    return (await subscription.until((status) => status.__typename !== 'Waiting', waitMs))?.__typename ?? ''
  await pause(buyer, waitMs)
  const { answer } = await sendOnce(buyer, 'queueTicket', {})
  return (answer?.status as { __typename: string } | undefined)?.__typename ?? ''
}

/** Tries what only an admitted buyer may do. */
async function tryBeforeAdmission(buyer: Buyer, sale: Sale): Promise<void> {
  if (chance(buyer, 0.05)) await sendOnce(buyer, 'performances', { concertId: sale.concertId })
  if (chance(buyer, 0.05)) await tryHold(buyer, sale)
}

/** Tries to hold a seat, whatever the status of the ticket. */
async function tryHold(buyer: Buyer, sale: Sale): Promise<void> {
  const { id, seatCount } = buyer.random.pick(sale.performances)
  const seatNumbers = [buyer.random.int(1, seatCount)]
  const input = { performanceId: id, seatNumbers, idempotencyKey: uuidFrom(buyer.random) }
  await sendOnce(buyer, 'holdSeats', { input })
}
