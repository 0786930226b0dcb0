import type { WebSocket } from 'ws'

/** Who has how many sockets here. */
export interface ConnectionLimits {
  isFull(who: string): boolean
  /**
   * Counts a socket for somebody, once, until it is closed; it may be already.
   * @returns false: they have as many as they may, and this one is not counted
   */
  add(who: string, socket: WebSocket): boolean
}

/** @param max how many sockets everybody may have */
export function createConnectionLimits(max: number): ConnectionLimits {
  const counts = new Map<string, number>()
  /** Whose each socket is: it may carry operations of several, and is nearly always one's. */
  const owners = new WeakMap<WebSocket, string[]>()
  const countOf = (who: string): number => counts.get(who) ?? 0
  const isFull = (who: string): boolean => countOf(who) >= max

  function ownersOf(socket: WebSocket): string[] {
    const known = owners.get(socket)
    if (known) return known
    const fresh: string[] = []
    owners.set(socket, fresh)
    socket.once('close', () => {
      for (const who of fresh) {
        if (countOf(who) > 1) counts.set(who, countOf(who) - 1)
        else counts.delete(who)
      }
    })
    return fresh
  }

  return {
    isFull,
    add: (who, socket) => {
      if (socket.readyState === socket.CLOSED) return true
      const own = ownersOf(socket)
      if (own.includes(who)) return true
      if (isFull(who)) return false
      own.push(who)
      counts.set(who, countOf(who) + 1)
      return true
    },
  }
}
