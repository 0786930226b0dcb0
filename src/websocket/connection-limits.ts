import type { WebSocket } from 'ws'

/** Counts open sockets by key: an address, or a user id. */
export interface ConnectionLimits {
  isFull(key: string): boolean
  /**
   * Counts a socket for a key, once, until the socket is closed; it may be closed already.
   * @returns false: the key has reached the limit, and the socket is not counted
   */
  add(key: string, socket: WebSocket): boolean
}

/** @param max sockets for each key */
export function createConnectionLimits(max: number): ConnectionLimits {
  const counts = new Map<string, number>()
  /** Nearly always one key for each socket; it may carry the operations of several users. */
  const keysBySocket = new WeakMap<WebSocket, string[]>()
  const countOf = (key: string): number => counts.get(key) ?? 0
  const isFull = (key: string): boolean => countOf(key) >= max

  function keysOf(socket: WebSocket): string[] {
    const known = keysBySocket.get(socket)
    if (known) return known
    const keys: string[] = []
    keysBySocket.set(socket, keys)
    socket.once('close', () => {
      for (const key of keys) {
        if (countOf(key) > 1) counts.set(key, countOf(key) - 1)
        else counts.delete(key)
      }
    })
    return keys
  }

  return {
    isFull,
    add: (key, socket) => {
      if (socket.readyState === socket.CLOSED) return true
      const keys = keysOf(socket)
      if (keys.includes(key)) return true
      if (isFull(key)) return false
      keys.push(key)
      counts.set(key, countOf(key) + 1)
      return true
    },
  }
}
