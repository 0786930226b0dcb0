/** The crowd: so many buyers at a time, each with a seed of their own, one evening after the other. */
import { setMaxListeners } from 'node:events'
import postgres from 'postgres'
import { live } from './buyers-life.ts'
import { isOver, rest, uuidFrom, type Buyer, type Stage } from './buyers-hands.ts'
import { createLoot } from './buyers-loot.ts'
import type { Calls } from './calls.ts'
import type { Log } from './log.ts'
import type { Sales } from './sales.ts'
import type { Watching } from './watching.ts'
import type { Random, World } from './world/types.ts'

export interface Crowd {
  /** Resolves when all have come to rest; their streams stay open. */
  stop(): Promise<void>
}

interface CrowdOptions {
  world: World
  log: Log
  calls: Calls
  watching: Watching
  sales: Sales
  graceMs: number
  random: Random
  size: number
}

/** Some come back another evening, as the same people with the same balance. */
const RETURNING = 0.2

export function startCrowd({ random, size, ...shared }: CrowdOptions): Crowd {
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const loot = createLoot()
  const sql = postgres(shared.world.databaseUrl, { max: 6, connect_timeout: 2, onnotice: () => {} })
  const stage: Stage = {
    ...shared,
    loot,
    signal: stopping.signal,
    gate: async (user, seconds) => {
      await sql`select history.gate(${user}, ${seconds})`.catch(() => undefined)
    },
  }

  async function seat(index: number): Promise<void> {
    const own = random.fork(`buyer ${index}`)
    let uuid = uuidFrom(own)
    while (!isOver({ stage })) {
      if (own.next() > RETURNING) uuid = uuidFrom(own)
      const buyer: Buyer = { person: await shared.calls.person(uuid), random: own, stage }
      await rest(buyer, own.int(0, 1_500))
      if (!isOver({ stage })) await live(buyer)
    }
  }

  const seats = Promise.all(Array.from({ length: size }, (_, index) => seat(index)))
  return {
    stop: async () => {
      stopping.abort()
      await seats
      await sql.end({ timeout: 3 })
    },
  }
}
