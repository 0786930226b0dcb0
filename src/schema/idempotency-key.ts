/** What every idempotency key's field says of itself. */
export const idempotencyKeyDescription =
  'Made by you, one for each intent, a UUID for example. The same key again gives the same answer and does nothing twice; a new intent takes a new key. Answers are kept for 48 hours. A charge and a concert keep their keys for good, and a reservation is paid once; a hold under an older key is a new hold.'
