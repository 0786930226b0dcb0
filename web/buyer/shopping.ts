/** Holding, charging and paying. An intent has one key, kept until it is answered: a double click does nothing twice. */
import { serverNow } from '../shared/clock.ts'
import type { ResultOf } from '../shared/graphql.ts'
import { keep, keptAt } from '../shared/kept.ts'
import { local } from '../shared/storage.ts'
import { Cancel, Charge, Hold, Pay } from './documents.ts'
import { changed, credentials, request, type Reservation } from './session.ts'

/** After that, whoever wants the same means it anew. */
const INTENT_MS_MAX = 10 * 60_000
const INTENT = 'intent:'

const isOld = (kept: string): boolean => Date.now() - Number(kept.split(' ')[1]) > INTENT_MS_MAX

/** The key of an intent that has not been answered yet, from whichever tab. */
function keyOf(intent: string): string {
  const [known] = keptAt(INTENT + intent).value?.split(' ') ?? []
  if (known !== undefined) return known
  // 128 random bits: randomUUID would be there over HTTPS only.
  const key = crypto.getRandomValues(new Uint32Array(4)).join('-')
  keep(INTENT + intent, `${key} ${Date.now()}`)
  return key
}

/** Forgets what was begun long ago and never answered. */
function forgetOld(): void {
  for (const name of local.keys()) {
    if (name.startsWith(INTENT) && isOld(local.get(name) ?? '')) keep(name, null)
  }
}

/** Does it, and forgets the key once there is an answer. */
async function intend<Answer>(
  intent: string,
  run: (idempotencyKey: string) => Promise<Answer>,
): Promise<Answer> {
  forgetOld()
  const answer = await run(keyOf(intent))
  keep(INTENT + intent, null)
  await changed()
  return answer
}

/**
 * @param isNew is the intent certain not to be an older one?
 * @returns null: they are held; otherwise why not
 */
export async function hold(
  concertId: string,
  performanceId: string,
  seatNumbers: readonly number[],
  isNew = false,
): Promise<HoldRefusal | null> {
  const answer = await intend(`hold ${performanceId} ${seatNumbers.join()}`, async (idempotencyKey) => {
    const input = { performanceId, seatNumbers: [...seatNumbers], idempotencyKey }
    return (await request(Hold, { input }, credentials(concertId))).holdSeats
  })
  if (answer.__typename !== 'Reservation') return answer
  // The answer to an intent of before, whose hold is over: this is another one.
  const isOver = answer.status !== 'HELD' || Date.parse(answer.heldUntil) <= serverNow()
  return isOver && !isNew ? hold(concertId, performanceId, seatNumbers, true) : null
}

type HoldRefusal = Exclude<ResultOf<typeof Hold>['holdSeats'], { __typename: 'Reservation' }>

/** @returns null: they are given back; otherwise why not */
export const cancel = (reservationId: string) =>
  intend(`cancel ${reservationId}`, async (idempotencyKey) => {
    const input = { reservationId, idempotencyKey }
    const { cancelReservation } = await request(Cancel, { input }, credentials())
    return cancelReservation.__typename === 'Reservation' ? null : cancelReservation
  })

/** @returns null: they are there; otherwise why not */
export const charge = (amount: number) =>
  intend(`charge ${amount}`, async (idempotencyKey) => {
    const { chargePoints } = await request(Charge, { input: { amount, idempotencyKey } }, credentials())
    return chargePoints.__typename === 'PointAccount' ? null : chargePoints
  })

/** @returns null: it is paid; otherwise why not */
export const pay = ({ id, performance }: Reservation) =>
  intend(`pay ${id}`, async (idempotencyKey) => {
    const input = { reservationId: id, idempotencyKey }
    const { payReservation } = await request(Pay, { input }, credentials(performance.concert.id))
    return payReservation.__typename === 'Payment' ? null : payReservation
  })
