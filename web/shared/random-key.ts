/** 128 random bits, for an idempotency key. crypto.randomUUID is there over HTTPS only. */
export const randomKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-')
