/** What looking at the end takes: buyers of its own, and patience. */
import { setTimeout as sleep } from 'node:timers/promises'
import { uuidFrom } from '../buyers/actions.ts'
import type { Buyers } from '../buyers/buyers.ts'
import type { ApiClient, User, Result } from '../client.ts'
import type { Log } from '../log.ts'
import type { Sale, Sales } from '../sales.ts'
import type { Subscriptions } from '../subscriptions.ts'
import type { Random, FaultCluster } from '../cluster/types.ts'

export interface FinalCheckContext {
  cluster: FaultCluster
  client: ApiClient
  subscriptions: Subscriptions
  sales: Sales
  buyers: Buyers
  random: Random
  log: Log
  graceMs: number
  holdMs: number
}

/** Within this, whatever was broken works again: invariant 17. */
export const RECOVERY_MS = 30_000

/** Somebody new, with a place in line; undefined: there was none to be had. */
export interface Probe {
  user: User
  token: string | undefined
}

/** Joins, as somebody new or as somebody known. */
export async function probe(context: FinalCheckContext, sale: Sale, known?: User): Promise<Probe> {
  const user = known ?? (await context.client.createUser(uuidFrom(context.random)))
  let token: string | undefined
  await isTrueWithin(RECOVERY_MS, async () => {
    const { answer } = await request(context, user, 'issueQueueToken', {
      input: { concertId: sale.concertId },
    })
    token = answer?.token as string | undefined
    return token !== undefined
  })
  return { user, token }
}

/** Asks any server. */
export const request = (
  { client, cluster, random }: FinalCheckContext,
  user: User,
  op: Parameters<ApiClient['request']>[0],
  variables: Record<string, unknown>,
  token?: string,
): Promise<Result> =>
  client.request(op, variables, { user, token, server: random.int(0, cluster.servers.length - 1) })

/** Tries a few times a second. @returns whether it became true in time */
export async function isTrueWithin(ms: number, isTrue: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + ms
  for (;;) {
    if (await isTrue().catch(() => false)) return true
    if (Date.now() > deadline) return false
    await sleep(250)
  }
}
