/** Holding, charging and paying. An intent keeps one idempotency key until it is answered: a double click does nothing twice. */
import {
  CancelReservationDocument,
  ChargePointsDocument,
  HoldSeatsDocument,
  PayReservationDocument,
} from '../../client/documents.ts'
import type { ResultOf } from '../../client/graphql.ts'
import { serverNow } from '../shared/clock.ts'
import { randomKey } from '../shared/random-key.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { local } from '../shared/storage.ts'
import { credentials, request } from './identity.ts'
import { invalidate, type Reservation } from './reservations.ts'

/** The same wish after that is a new intent. */
const KEY_MAX_AGE_MS = 10 * 60_000
const KEY_PREFIX = 'idempotencyKey:'

const isExpired = (stored: string): boolean => Date.now() - Number(stored.split(' ')[1]) > KEY_MAX_AGE_MS

/** The key of an intent that is not answered yet, from whichever tab. */
function idempotencyKeyFor(intent: string): string {
  const [stored] = persistentSignal(KEY_PREFIX + intent).value?.split(' ') ?? []
  if (stored !== undefined) return stored
  const key = randomKey()
  persist(KEY_PREFIX + intent, `${key} ${Date.now()}`)
  return key
}

/** Of intents that were never answered. */
function removeExpiredKeys(): void {
  for (const name of local.keys()) {
    if (name.startsWith(KEY_PREFIX) && isExpired(local.get(name) ?? '')) persist(name, null)
  }
}

/** Runs a mutation, and forgets its key once there is an answer. */
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

type HoldRefusal = Exclude<
  ResultOf<typeof HoldSeatsDocument>['holdSeats'],
  { __typename: 'HoldSeatsPayload' }
>

/**
 * @param isNew whether the intent is certainly not an older one
 * @returns null when the seats are held, else the refusal
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
      return (await request(HoldSeatsDocument, { input }, credentials(concertId))).holdSeats
    },
  )
  if (answer.__typename !== 'HoldSeatsPayload') return answer
  const { status, heldUntil } = answer.reservation
  // The answer to an older intent, whose hold is over: this is another intent.
  const isOver = status !== 'HELD' || Date.parse(heldUntil) <= serverNow()
  return isOver && !isNew ? hold(concertId, performanceId, seatNumbers, true) : null
}

/** @returns null when the seats are released, else the refusal */
export const cancel = (reservationId: string) =>
  withIdempotencyKey(`cancel ${reservationId}`, async (idempotencyKey) => {
    const input = { reservationId, idempotencyKey }
    const { cancelReservation } = await request(CancelReservationDocument, { input })
    return cancelReservation.__typename === 'CancelReservationPayload' ? null : cancelReservation
  })

/** @returns null when the points are there, else the refusal */
export const charge = (amount: number) =>
  withIdempotencyKey(`charge ${amount}`, async (idempotencyKey) => {
    const { chargePoints } = await request(ChargePointsDocument, { input: { amount, idempotencyKey } })
    return chargePoints.__typename === 'ChargePointsPayload' ? null : chargePoints
  })

/** @returns null when the seats are paid for, else the refusal */
export const pay = ({ id, performance }: Reservation) =>
  withIdempotencyKey(`pay ${id}`, async (idempotencyKey) => {
    const input = { reservationId: id, idempotencyKey }
    const { payReservation } = await request(
      PayReservationDocument,
      { input },
      credentials(performance.concert.id),
    )
    return payReservation.__typename === 'PayReservationPayload' ? null : payReservation
  })
