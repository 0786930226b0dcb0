/** The last purchase of a run. */
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidFrom } from '../buyers/actions.ts'
import type { SeatChoice } from '../buyers/shared-state.ts'
import { request, probe, RECOVERY_MS, isTrueWithin, type FinalCheckContext, type Probe } from './context.ts'
import type { Status } from '../log.ts'
import type { Sale } from '../sales.ts'

/**
 * Two new buyers are admitted; one holds a seat and lets it lapse, and the other holds it again.
 * @param isFresh whether this sale has just been opened. Otherwise it may be sold out, and a new one replaces it
 */
export async function checkPurchase(context: FinalCheckContext, sale: Sale, isFresh = false): Promise<void> {
  const { random, log, holdMs } = context
  const startedAt = Date.now()
  const [first, second] = await Promise.all([probe(context, sale), probe(context, sale)])
  const isAdmitted = async ({ user, token }: Probe): Promise<boolean> => {
    const { answer } = await request(context, user, 'queueTicket', { token })
    return (answer?.status as Status | undefined)?.__typename === 'Admitted'
  }
  for (const { user, token } of [first, second]) {
    const ok = token !== undefined && (await isTrueWithin(RECOVERY_MS, () => isAdmitted({ user, token })))
    const about = `a new buyer is admitted after ${Date.now() - startedAt} ms`
    log.write({ kind: 'finalCheck', check: 'admitted', ok, about })
  }
  const hold = async ({ user, token }: Probe, performanceId: string, seatNumbers: number[]) => {
    const input = { performanceId, seatNumbers, idempotencyKey: uuidFrom(random) }
    return request(context, user, 'holdSeats', { input }, token)
  }
  let seat: SeatChoice | undefined
  const held = await isTrueWithin(RECOVERY_MS, async () => {
    seat = await freeSeat(context, first, sale)
    return seat !== undefined && (await hold(first, seat.performanceId, seat.seatNumbers)).outcome === 'ok'
  })
  if (!seat && !isFresh) {
    await checkPurchase(context, await context.sales.open(), true)
    return
  }
  if (!seat || !held) {
    const about = seat ? 'a seat that is shown as free cannot be held' : 'a new sale has no free seat'
    log.write({ kind: 'finalCheck', check: 'reheld', ok: false, about })
    return
  }
  const { performanceId, seatNumbers } = seat
  await sleep(holdMs)
  // The second buyer's turn may be over by now.
  const rejoined = await probe(context, sale, second.user)
  const ok = await isTrueWithin(RECOVERY_MS, async () => {
    await request(context, rejoined.user, 'performances', { concertId: sale.concertId }, rejoined.token)
    return (await hold(rejoined, performanceId, seatNumbers)).outcome === 'ok'
  })
  log.write({
    kind: 'finalCheck',
    check: 'reheld',
    ok,
    about: `a lapsed seat is held again: ${seatNumbers.join()}`,
  })
}

async function freeSeat(context: FinalCheckContext, { user, token }: Probe, sale: Sale) {
  const { answer } = await request(context, user, 'performances', { concertId: sale.concertId }, token)
  const dates = (answer?.list ?? []) as { id: string; seats: { number: number; status: string }[] }[]
  for (const { id, seats } of dates) {
    const free = seats.find(({ status }) => status === 'AVAILABLE')
    if (free) return { performanceId: id, seatNumbers: [free.number] }
  }
  return undefined
}
