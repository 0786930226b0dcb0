/** What looking at the end takes: buyers of its own, and patience. */
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidFrom } from './buyers-hands.ts'
import type { Crowd } from './buyers.ts'
import type { Calls, Person, Reply } from './calls.ts'
import type { Log } from './log.ts'
import type { Sale, Sales } from './sales.ts'
import type { Watching } from './watching.ts'
import type { Random, World } from './world/types.ts'

export interface Ending {
  world: World
  calls: Calls
  watching: Watching
  sales: Sales
  crowd: Crowd
  random: Random
  log: Log
  graceMs: number
  holdMs: number
}

/** Within this, whatever was broken works again: invariant 17. */
export const RECOVERY_MS = 30_000

/** Somebody new, with a place in line; undefined: there was none to be had. */
export interface Probe {
  person: Person
  token: string | undefined
}

/** Joins, as somebody new or as somebody known. */
export async function probe(ending: Ending, sale: Sale, known?: Person): Promise<Probe> {
  const person = known ?? (await ending.calls.person(uuidFrom(ending.random)))
  let token: string | undefined
  await within(RECOVERY_MS, async () => {
    const { answer } = await ask(ending, person, 'issueQueueToken', { input: { concertId: sale.concertId } })
    token = answer?.token as string | undefined
    return token !== undefined
  })
  return { person, token }
}

/** Asks any server. */
export const ask = (
  { calls, world, random }: Ending,
  person: Person,
  op: Parameters<Calls['ask']>[0],
  variables: Record<string, unknown>,
  token?: string,
): Promise<Reply> =>
  calls.ask(op, variables, { person, token, server: random.int(0, world.servers.length - 1) })

/** Tries a few times a second. @returns whether it became true in time */
export async function within(ms: number, isTrue: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + ms
  for (;;) {
    if (await isTrue().catch(() => false)) return true
    if (Date.now() > deadline) return false
    await sleep(250)
  }
}
