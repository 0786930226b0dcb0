import type { WebSocket } from 'ws'
import { sendTo } from './attach-connection.ts'

/**
 * A client that has sent nothing by the time of the next ping is disconnected: within 28 seconds. Pings are most of what ten
 * thousand quiet listeners cost, so there are no more of them than that takes.
 */
const PING_INTERVAL_MS = 14_000
/** A little less than that, because timers are not exact. */
const PONG_TIMEOUT_MS = PING_INTERVAL_MS - 500

/** Pings are spread over so many beats: ten thousand of them at once would hold everything else up. */
const SLOTS = 32

/** https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#ping: only code of the client answers it, with a Pong. */
const PROTOCOL_PING = '{"type":"ping"}'

/** Finds out who is still connected, and whose code still runs, with one timer for everybody. */
export interface Heartbeat {
  /**
   * Pings until the socket is closed, and ends it when nothing answers. A page that is frozen stays connected, because its
   * browser answers WebSocket pings for it, but sends no messages.
   * @returns when the last message came, ms of performance.now()
   */
  watch(socket: WebSocket): () => number
}

interface Connection {
  socket: WebSocket
  /** When the first ping was sent that neither a message nor a WebSocket pong has answered; Infinity: all are answered. */
  unansweredSince: number
  /** Has a message come since the last ping? */
  hasSentMessage: boolean
  lastSeenAt: number
}

/** @param graceMs how long somebody may be silent before being absent: pings come several times within it */
export function createHeartbeat(graceMs: number): Heartbeat {
  const groups = Array.from({ length: SLOTS }, () => new Set<Connection>())
  let beat = 0
  const onBeat = (): void => {
    beat = (beat + 1) % SLOTS
    const time = performance.now()
    for (const patient of groups[beat] as Set<Connection>) {
      const { socket, unansweredSince, hasSentMessage: spoke } = patient
      if (time - unansweredSince >= PONG_TIMEOUT_MS) {
        socket.terminate()
        continue
      }
      patient.unansweredSince = Math.min(unansweredSince, time)
      patient.hasSentMessage = false
      sendTo(socket, PROTOCOL_PING, () => undefined)
      // The pong of the protocol says enough, where one comes.
      if (!spoke) socket.ping()
    }
  }
  setInterval(onBeat, Math.min(PING_INTERVAL_MS, graceMs / 4) / SLOTS).unref()

  return {
    watch: (socket) => {
      const patient: Connection = {
        socket,
        unansweredSince: Infinity,
        hasSentMessage: false,
        lastSeenAt: performance.now(),
      }
      const group = groups[beat] as Set<Connection>
      group.add(patient)
      socket.on('message', () => {
        patient.unansweredSince = Infinity
        patient.hasSentMessage = true
        patient.lastSeenAt = performance.now()
      })
      socket.on('pong', () => {
        patient.unansweredSince = Infinity
      })
      socket.once('close', () => group.delete(patient))
      return () => patient.lastSeenAt
    },
  }
}
