/** Points pay for seats. */

/** The most a balance can hold: the largest whole number that JSON carries exactly (2^53 − 1). */
export const BALANCE_MAX = Number.MAX_SAFE_INTEGER

export interface PointAccount {
  userId: string
  balance: number
}
