import type { WebSocket } from 'ws'

/** Who has how many sockets here. */
export interface Census {
  isFull(who: string): boolean
  /** Counts a socket until it is closed; it may be already. */
  add(who: string, socket: WebSocket): void
}

/** @param max how many sockets everybody may have */
export function createCensus(max: number): Census {
  const counts = new Map<string, number>()
  const countOf = (who: string): number => counts.get(who) ?? 0
  return {
    isFull: (who) => countOf(who) >= max,
    add: (who, socket) => {
      if (socket.readyState === socket.CLOSED) return
      counts.set(who, countOf(who) + 1)
      socket.once('close', () => {
        if (countOf(who) > 1) counts.set(who, countOf(who) - 1)
        else counts.delete(who)
      })
    },
  }
}
