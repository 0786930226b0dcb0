import { freePort } from '../../../scripts/services/ports.ts'

const FIRST = 14_000
const LAST = 31_999
const TRIES = 200

/**
 * A free port for a service that restarts. Below 32768, because the kernel gives higher ones to outgoing connections while
 * the service is down.
 */
export async function stablePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    const free = await freePort(port).catch(() => undefined)
    if (free !== undefined) return free
  }
  throw new Error(`No port from ${FIRST} to ${LAST} is free`)
}
