/** The maximum balance, in points: the largest integer that JSON represents exactly (2^53 − 1). */
export const BALANCE_MAX = Number.MAX_SAFE_INTEGER

export interface PointAccount {
  userId: string
  balance: number
}
