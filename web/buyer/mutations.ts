/** Holding, charging and paying. An intent has one key, kept until it is answered: a double click does nothing twice. */
import { serverNow } from '../shared/clock.ts'
import type { ResultOf } from '../shared/graphql.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { local } from '../shared/storage.ts'
import { Cancel, Charge, Hold, Pay } from './documents.ts'
import { invalidate, credentials, request, type Reservation } from './session.ts'

/** After that, whoever wants the same means it anew. */
const KEY_MAX_AGE_MS = 10 * 60_000
const KEY_PREFIX = 'intent:'

const isExpired = (kept: string): boolean => Date.now() - Number(kept.split(' ')[1]) > KEY_MAX_AGE_MS

/** The key of an intent that has not been answered yet, from whichever tab. */
function idempotencyKeyFor(intent: string): string {
  const [known] = persistentSignal(KEY_PREFIX + intent).value?.split(' ') ?? []
  if (known !== undefined) return known
  // 128 random bits: randomUUID would be there over HTTPS only.
  const key = crypto.getRandomValues(new Uint32Array(4)).join('-')
  persist(KEY_PREFIX + intent, `${key} ${Date.now()}`)
  return key
}

/** Forgets what was begun long ago and never answered. */
function removeExpiredKeys(): void {
  for (const name of local.keys()) {
    if (name.startsWith(KEY_PREFIX) && isExpired(local.get(name) ?? '')) persist(name, null)
  }
}

/** Does it, and forgets the key once there is an answer. */
async function withIdempotencyKey<Answer>(
  intent: string,
  run: (idempotencyKey: string) => Promise<Answer>,
): Promise<Answer> {
  removeExpiredKeys()
  const answer = await run(idempotencyKeyFor(intent))
  persist(KEY_PREFIX + intent, null)
  await invalidate()
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
  const answer = await withIdempotencyKey(
    `hold ${performanceId} ${seatNumbers.join()}`,
    async (idempotencyKey) => {
      const input = { performanceId, seatNumbers: [...seatNumbers], idempotencyKey }
      return (await request(Hold, { input }, credentials(concertId))).holdSeats
    },
  )
  if (answer.__typename !== 'Reservation') return answer
  // The answer to an intent of before, whose hold is over: this is another one.
  const isOver = answer.status !== 'HELD' || Date.parse(answer.heldUntil) <= serverNow()
  return isOver && !isNew ? hold(concertId, performanceId, seatNumbers, true) : null
}

type HoldRefusal = Exclude<ResultOf<typeof Hold>['holdSeats'], { __typename: 'Reservation' }>

/** @returns null: they are given back; otherwise why not */
export const cancel = (reservationId: string) =>
  withIdempotencyKey(`cancel ${reservationId}`, async (idempotencyKey) => {
    const input = { reservationId, idempotencyKey }
    const { cancelReservation } = await request(Cancel, { input }, credentials())
    return cancelReservation.__typename === 'Reservation' ? null : cancelReservation
  })

/** @returns null: they are there; otherwise why not */
export const charge = (amount: number) =>
  withIdempotencyKey(`charge ${amount}`, async (idempotencyKey) => {
    const { chargePoints } = await request(Charge, { input: { amount, idempotencyKey } }, credentials())
    return chargePoints.__typename === 'PointAccount' ? null : chargePoints
  })

/** @returns null: it is paid; otherwise why not */
export const pay = ({ id, performance }: Reservation) =>
  withIdempotencyKey(`pay ${id}`, async (idempotencyKey) => {
    const input = { reservationId: id, idempotencyKey }
    const { payReservation } = await request(Pay, { input }, credentials(performance.concert.id))
    return payReservation.__typename === 'Payment' ? null : payReservation
  })
