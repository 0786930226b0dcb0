/** The description of every idempotency key. */
export const idempotencyKeyDescription =
  'Made by the client, one for each intent, for example a UUID. The same key with the same arguments returns the same answer and changes nothing; a new intent takes a new key. Answers are kept for 48 hours. Charges and new concerts keep their keys for good, and a reservation is paid for once; a hold with a key older than 48 hours is a new hold.'
