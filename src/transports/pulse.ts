import type { WebSocket } from 'ws'

/**
 * Who has not answered a ping by the time of the next one is gone: within 28 seconds. Pings are most of what ten
 * thousand quiet listeners cost, so there are no more of them than that takes.
 */
const PING_MS = 14_000

/** Pings are spread over so many beats: ten thousand of them at once would hold everything else up. */
const BEATS = 32

/** Finds out who is still there, with one timer for everybody. */
export interface Pulse {
  /** Pings until the socket is closed, and ends it when nobody answers. */
  take(socket: WebSocket): void
}

interface Patient {
  socket: WebSocket
  answered: boolean
}

export function createPulse(): Pulse {
  const groups = Array.from({ length: BEATS }, () => new Set<Patient>())
  let beat = 0
  const onBeat = (): void => {
    beat = (beat + 1) % BEATS
    for (const patient of groups[beat] as Set<Patient>) {
      if (!patient.answered) patient.socket.terminate()
      else {
        patient.answered = false
        patient.socket.ping()
      }
    }
  }
  setInterval(onBeat, PING_MS / BEATS).unref()

  return {
    take: (socket) => {
      const patient: Patient = { socket, answered: true }
      const group = groups[beat] as Set<Patient>
      group.add(patient)
      socket.on('pong', () => {
        patient.answered = true
      })
      socket.once('close', () => group.delete(patient))
    },
  }
}
