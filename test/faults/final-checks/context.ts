/** What the final checks share: new users, requests, and waiting for recovery. */
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

/** The recovery time of invariant 17. */
export const RECOVERY_MS = 30_000

/** A user in the queue; without a token if joining failed. */
export interface Probe {
  user: User
  token: string | undefined
}

/** Joins, as a new user unless given. */
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

/** Sends a request to a random server. */
export const request = (
  { client, cluster, random }: FinalCheckContext,
  user: User,
  op: Parameters<ApiClient['request']>[0],
  variables: Record<string, unknown>,
  token?: string,
): Promise<Result> =>
  client.request(op, variables, { user, token, server: random.int(0, cluster.servers.length - 1) })

/** Polls a few times a second. @returns whether it became true in time */
export async function isTrueWithin(ms: number, isTrue: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + ms
  for (;;) {
    if (await isTrue().catch(() => false)) return true
    if (Date.now() > deadline) return false
    await sleep(250)
  }
}
