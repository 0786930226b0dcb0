/** A stretch of a list that is ordered by id. */
export interface PageArgs {
  /** How many rows at the most. */
  limit: number
  /** Only ids above this one. */
  after: string | undefined
  /** Only ids below this one. */
  before: string | undefined
  /** The last ones of the stretch instead of the first, in descending order. */
  fromEnd: boolean
}
