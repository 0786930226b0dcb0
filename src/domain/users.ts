/** Who is asking. */

export type Role = 'buyer' | 'operator'

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
