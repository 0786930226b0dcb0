/** Who is asking. */

/** A cashier is the venue's payment system: it may add points to any account, and do nothing else. */
export type Role = 'buyer' | 'operator' | 'cashier'

/** The one behind an access token. */
export interface Viewer {
  userId: string
  role: Role
}

export interface User {
  id: string
  /** Empty where somebody else issues the identities. */
  name: string
}
