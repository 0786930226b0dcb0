/** A limit on bytes, for all connections together. */
export interface MemoryBudget {
  /** @returns false: there is no room, and nothing was reserved */
  reserve(bytes: number): boolean
  release(bytes: number): void
}

export function createMemoryBudget(bytesMax: number): MemoryBudget {
  let held = 0
  return {
    reserve: (bytes) => {
      if (held + bytes > bytesMax) return false
      held += bytes
      return true
    },
    release: (bytes) => {
      held -= bytes
    },
  }
}
