/** Whether a store serves a read and a write right now: what /health reports. */
export interface StoreHealth {
  read: boolean
  write: boolean
  /** Why not: one of a few fixed sentences, without addresses or data, because /health is public. */
  reason?: string
}
