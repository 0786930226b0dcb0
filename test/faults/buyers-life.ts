/** One buyer's evening: the line, the seats, and what becomes of them. */
import { act, chance, charge, isOver, once, rest, uuidFrom, type Buyer } from './buyers-hands.ts'
import { shop } from './buyers-shop.ts'
import { tryTrick } from './buyers-tricks.ts'
import { freeze } from './frozen.ts'
import { SEAT_PRICE, type Sale } from './sales.ts'
import type { Watch } from './watching.ts'

/** How long somebody waits before giving up. */
const WAIT_MS = 45_000
const JOINS_MAX = 3

/** From charging to leaving; whoever is told to stop leaves everything as it is, streams too. */
export async function live(buyer: Buyer): Promise<void> {
  const sale = buyer.stage.sales.pick(buyer.random)
  if (chance(buyer, 0.75)) await charge(buyer, buyer.random.int(1, 5) * SEAT_PRICE)
  for (let joins = 0; joins < JOINS_MAX && !isOver(buyer); joins++) {
    if (!(await join(buyer, sale))) return
    const watch = chance(buyer, 0.8) ? startWatch(buyer) : undefined
    const ended = await stand(buyer, sale, watch)
    if (isOver(buyer)) return
    await watch?.stop()
    if (ended === 'gone' || !chance(buyer, 0.35)) return
  }
}

const startWatch = ({ stage, person, token = '', random }: Buyer): Watch =>
  stage.watching.watch(person, token, random.fork(`watch ${token}`))

async function join(buyer: Buyer, sale: Sale): Promise<boolean> {
  // Whoever joins from a new tab has no ticket to show.
  delete buyer.token
  const { answer, outcome } = await act(buyer, 'issueQueueToken', { concertId: sale.concertId })
  if (outcome !== 'ok' || typeof answer?.token !== 'string') return false
  buyer.token = answer.token
  buyer.stage.loot.add(buyer.stage.loot.tokens, buyer.person.uuid, answer.token)
  return true
}

/** Stands in line, and shops when the turn comes. @returns 'gone' for who comes back no more */
async function stand(buyer: Buyer, sale: Sale, watch: Watch | undefined): Promise<'over' | 'gone'> {
  const { stage } = buyer
  const giveUpAt = Date.now() + WAIT_MS
  while (Date.now() < giveUpAt && !isOver(buyer)) {
    const kind = await look(buyer, watch)
    if (kind === 'Admitted') {
      await shop(buyer, sale)
      return isOver(buyer) ? 'gone' : 'over'
    }
    if (kind === 'Finished' || kind === 'Lapsed') {
      if (chance(buyer, 0.5)) await grab(buyer, sale)
      return 'over'
    }
    await tryTrick(buyer, sale, 0.1)
    if (chance(buyer, 0.1)) await once(buyer, 'issueQueueToken', { input: { concertId: sale.concertId } })
    await jumpTheQueue(buyer, sale)
    if (chance(buyer, 0.03)) {
      await act(buyer, 'leaveQueue', { token: buyer.token })
      return 'over'
    }
    if (chance(buyer, 0.03)) {
      await watch?.stop()
      const server = buyer.random.int(0, stage.world.servers.length - 1)
      await freeze(stage, buyer.person, buyer.token ?? '', server, stage.graceMs * 3)
      return 'gone'
    }
    if (chance(buyer, 0.03)) {
      await watch?.stop()
      await rest(buyer, stage.graceMs + buyer.random.int(500, 4_000))
      if (chance(buyer, 0.4)) return 'gone'
      if (isOver(buyer)) return 'gone'
      const again = startWatch(buyer)
      const ended = await stand(buyer, sale, again)
      if (!isOver(buyer)) await again.stop()
      return ended
    }
  }
  return 'gone'
}

async function look(buyer: Buyer, watch: Watch | undefined): Promise<string> {
  const patience = buyer.random.int(500, 3_000)
  if (watch)
    return (await watch.until((status) => status.__typename !== 'Waiting', patience))?.__typename ?? ''
  await rest(buyer, patience)
  const { answer } = await once(buyer, 'queueTicket', {})
  return (answer?.status as { __typename: string } | undefined)?.__typename ?? ''
}

/** Tries the gate, and to hold something, while it is somebody else's turn. */
async function jumpTheQueue(buyer: Buyer, sale: Sale): Promise<void> {
  if (chance(buyer, 0.05)) await once(buyer, 'performances', { concertId: sale.concertId })
  if (chance(buyer, 0.05)) await grab(buyer, sale)
}

/** Tries to hold something with the ticket there is, whatever has become of it. */
async function grab(buyer: Buyer, sale: Sale): Promise<void> {
  const { id, seatCount } = buyer.random.pick(sale.performances)
  const seatNumbers = [buyer.random.int(1, seatCount)]
  const input = { performanceId: id, seatNumbers, idempotencyKey: uuidFrom(buyer.random) }
  await once(buyer, 'holdSeats', { input })
}
