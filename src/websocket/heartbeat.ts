import type { WebSocket } from 'ws'
import { sendTo } from './send.ts'

/**
 * A client that has sent nothing by the time of the next ping is disconnected: within 28 seconds. Pings are most of the
 * cost of ten thousand idle subscribers, so there are no more of them than that takes.
 */
const PING_INTERVAL_MS = 14_000
/** A little less than that, because timers are not exact. */
const PONG_TIMEOUT_MS = PING_INTERVAL_MS - 500

/** Pings are spread over this many ticks: ten thousand of them at once would delay everything else. */
const SLOTS = 32

/** https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#ping: the client's own code answers with a Pong. */
const PROTOCOL_PING = '{"type":"ping"}'

/** Detects dead connections and frozen clients, with one timer for all sockets. */
export interface Heartbeat {
  /**
   * Pings until the socket is closed, and disconnects a client that misses a ping. A frozen page stays connected, because its
   * browser answers WebSocket pings, but it sends no messages.
   * @returns when the last message came, ms of performance.now()
   */
  watch(socket: WebSocket): () => number
}

interface Connection {
  socket: WebSocket
  /** When the first ping was sent that neither a message nor a WebSocket pong has answered; Infinity: all are answered. */
  unansweredSince: number
  /** Since the last ping. */
  hasSentMessage: boolean
  lastSeenAt: number
}

/** @param graceMs how long a client may be silent before it counts as absent: it is pinged several times within it */
export function createHeartbeat(graceMs: number): Heartbeat {
  const slots = Array.from({ length: SLOTS }, () => new Set<Connection>())
  let slot = 0
  const tick = (): void => {
    slot = (slot + 1) % SLOTS
    const now = performance.now()
    for (const connection of slots[slot] as Set<Connection>) {
      const { socket, unansweredSince, hasSentMessage } = connection
      if (now - unansweredSince >= PONG_TIMEOUT_MS) {
        socket.terminate()
        continue
      }
      connection.unansweredSince = Math.min(unansweredSince, now)
      connection.hasSentMessage = false
      sendTo(socket, PROTOCOL_PING, () => undefined)
      // A client that sends messages answers the protocol's ping.
      if (!hasSentMessage) socket.ping()
    }
  }
  setInterval(tick, Math.min(PING_INTERVAL_MS, graceMs / 4) / SLOTS).unref()

  return {
    watch: (socket) => {
      const connection: Connection = {
        socket,
        unansweredSince: Infinity,
        hasSentMessage: false,
        lastSeenAt: performance.now(),
      }
      const connections = slots[slot] as Set<Connection>
      connections.add(connection)
      socket.on('message', () => {
        connection.unansweredSince = Infinity
        connection.hasSentMessage = true
        connection.lastSeenAt = performance.now()
      })
      socket.on('pong', () => {
        connection.unansweredSince = Infinity
      })
      socket.once('close', () => connections.delete(connection))
      return () => connection.lastSeenAt
    },
  }
}
