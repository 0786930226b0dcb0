/** A cashier is the venue's payment system: it may add points to any account, and nothing else. */
export type Role = 'buyer' | 'operator' | 'cashier'

/** The user of an access token. */
export interface Viewer {
  userId: string
  role: Role
}

export interface User {
  id: string
  /** Empty when another service issues the identities. */
  name: string
}
