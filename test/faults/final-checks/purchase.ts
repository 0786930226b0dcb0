/** The last purchase of a run: whoever comes now is let in, and gets what others let go. */
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidFrom } from '../buyers/actions.ts'
import type { SeatChoice } from '../buyers/shared-state.ts'
import { request, probe, RECOVERY_MS, isTrueWithin, type FinalChecks, type Probe } from './context.ts'
import type { Status } from '../log.ts'
import type { Sale } from '../sales.ts'

/**
 * Somebody new is let in, holds seats, lets them lapse, and somebody else holds the same.
 * @param isFresh has this sale just been opened? Otherwise it may be sold out, and a new one takes its place
 */
export async function checkPurchase(ending: FinalChecks, sale: Sale, isFresh = false): Promise<void> {
  const { random, log, holdMs } = ending
  const startedAt = Date.now()
  const [one, other] = await Promise.all([probe(ending, sale), probe(ending, sale)])
  const isIn = async ({ user: person, token }: Probe): Promise<boolean> => {
    const { answer } = await request(ending, person, 'queueTicket', { token })
    return (answer?.status as Status | undefined)?.__typename === 'Admitted'
  }
  for (const { user: person, token } of [one, other]) {
    const ok = token !== undefined && (await isTrueWithin(RECOVERY_MS, () => isIn({ user: person, token })))
    const about = `a new buyer is let in after ${Date.now() - startedAt} ms`
    log.write({ kind: 'ending', check: 'admitted', ok, about })
  }
  const hold = async ({ user: person, token }: Probe, performanceId: string, seatNumbers: number[]) => {
    const input = { performanceId, seatNumbers, idempotencyKey: uuidFrom(random) }
    return request(ending, person, 'holdSeats', { input }, token)
  }
  let shown: SeatChoice | undefined
  const held = await isTrueWithin(RECOVERY_MS, async () => {
    shown = await freeSeat(ending, one, sale)
    return shown !== undefined && (await hold(one, shown.performanceId, shown.seatNumbers)).outcome === 'ok'
  })
  if (!shown && !isFresh) {
    await checkPurchase(ending, await ending.sales.open(), true)
    return
  }
  if (!shown || !held) {
    const about = shown ? 'a seat that is shown as free cannot be held' : 'a new sale has no free seat'
    log.write({ kind: 'ending', check: 'reheld', ok: false, about })
    return
  }
  const { performanceId, seatNumbers } = shown
  await sleep(holdMs)
  // The other one's turn may be over by now: they join again.
  const again = await probe(ending, sale, other.user)
  const ok = await isTrueWithin(RECOVERY_MS, async () => {
    await request(ending, again.user, 'performances', { concertId: sale.concertId }, again.token)
    return (await hold(again, performanceId, seatNumbers)).outcome === 'ok'
  })
  log.write({
    kind: 'ending',
    check: 'reheld',
    ok,
    about: `a lapsed seat is held again: ${seatNumbers.join()}`,
  })
}

async function freeSeat(ending: FinalChecks, { user: person, token }: Probe, sale: Sale) {
  const { answer } = await request(ending, person, 'performances', { concertId: sale.concertId }, token)
  const dates = (answer?.list ?? []) as { id: string; seats: { number: number; status: string }[] }[]
  for (const { id, seats } of dates) {
    const free = seats.find(({ status }) => status === 'AVAILABLE')
    if (free) return { performanceId: id, seatNumbers: [free.number] }
  }
  return undefined
}
