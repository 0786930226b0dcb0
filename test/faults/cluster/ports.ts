import { freePort } from '../../../scripts/services/ports.ts'

const FIRST = 14_000
const LAST = 31_999
const TRIES = 200

/**
 * A free port that stays ours while nobody listens on it: the kernel gives ports from 32768 on to outgoing
 * connections, so that a service which comes back might find one of those taken.
 */
export async function stablePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    const free = await freePort(port).catch(() => undefined)
    if (free !== undefined) return free
  }
  throw new Error(`No port from ${FIRST} to ${LAST} is free`)
}
