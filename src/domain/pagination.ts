/** One page of a list that is ordered by id. */
export interface PageArgs {
  /** Maximum number of rows. */
  limit: number
  /** Only ids above this one. */
  after: string | undefined
  /** Only ids below this one. */
  before: string | undefined
  /** The last rows between the bounds instead of the first, in descending order. */
  fromEnd: boolean
}
