/** Holding, charging and paying. An intent has one key, kept until it is answered: a double click does nothing twice. */
import { ask } from '../shared/http.ts'
import { keep, keptAt } from '../shared/kept.ts'
import { Cancel, Charge, Hold, Pay } from './documents.ts'
import { changed, credentials, type Reservation } from './session.ts'

/** The key of an intent that has not been answered yet, from whichever tab. */
function keyOf(intent: string): string {
  const known = keptAt(`intent:${intent}`).value
  if (known !== null) return known
  // 128 random bits: randomUUID would be there over HTTPS only.
  const key = crypto.getRandomValues(new Uint32Array(4)).join('-')
  keep(`intent:${intent}`, key)
  return key
}

/** Does it, and forgets the key once there is an answer. */
async function intend<Answer>(
  intent: string,
  run: (idempotencyKey: string) => Promise<Answer>,
): Promise<Answer> {
  const answer = await run(keyOf(intent))
  keep(`intent:${intent}`, null)
  await changed()
  return answer
}

/** @returns null: they are held; otherwise why not */
export const hold = (concertId: string, performanceId: string, seatNumbers: readonly number[]) =>
  intend(`hold ${performanceId} ${seatNumbers.join()}`, async (idempotencyKey) => {
    const input = { performanceId, seatNumbers: [...seatNumbers], idempotencyKey }
    const { holdSeats } = await ask(Hold, { input }, credentials(concertId))
    return holdSeats.__typename === 'Reservation' ? null : holdSeats
  })

export const cancel = (reservationId: string) =>
  intend(`cancel ${reservationId}`, (idempotencyKey) =>
    ask(Cancel, { input: { reservationId, idempotencyKey } }, credentials()),
  )

export const charge = (amount: number) =>
  intend(`charge ${amount}`, (idempotencyKey) =>
    ask(Charge, { input: { amount, idempotencyKey } }, credentials()),
  )

/** @returns null: it is paid; otherwise why not */
export const pay = ({ id, performance }: Reservation) =>
  intend(`pay ${id}`, async (idempotencyKey) => {
    const input = { reservationId: id, idempotencyKey }
    const { payReservation } = await ask(Pay, { input }, credentials(performance.concert.id))
    return payReservation.__typename === 'Payment' ? null : payReservation
  })
