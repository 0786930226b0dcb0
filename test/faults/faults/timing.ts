import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../cluster/types.ts'

/** Sleeps; an abort ends it early, without rejecting. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** A random time within ±50 %, in milliseconds. */
export const jittered = (ms: number, random: Random): number => random.int(ms / 2, (ms * 3) / 2)

const TRIES = 240
const REST_MS = 250

/**
 * Does what mends a fault, again and again if something else is broken too. Rejects after a minute: on a busy machine a server
 * needs a part of that to start.
 */
export async function retry(mend: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await mend()
      return
    } catch (error) {
      if (tries === TRIES) throw error
      await sleep(REST_MS)
    }
  }
}
