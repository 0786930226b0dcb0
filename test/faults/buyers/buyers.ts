/** Concurrent buyers, each with its own random numbers; each runs one scenario after another. */
import { setMaxListeners } from 'node:events'
import postgres from 'postgres'
import { runScenario } from './scenario.ts'
import { isStopping, pause, uuidFrom, type Buyer, type BuyerContext } from './actions.ts'
import { createSharedState } from './shared-state.ts'
import type { ApiClient } from '../client.ts'
import type { Log } from '../log.ts'
import type { Sales } from '../sales.ts'
import type { Subscriptions } from '../subscriptions.ts'
import type { Random, FaultCluster } from '../cluster/types.ts'

export interface Buyers {
  /** Resolves when all have stopped; their subscriptions stay open. */
  stop(): Promise<void>
}

interface BuyersOptions {
  cluster: FaultCluster
  log: Log
  client: ApiClient
  subscriptions: Subscriptions
  sales: Sales
  graceMs: number
  random: Random
  size: number
}

/** The share of scenarios that go on with the same user and balance. */
const RETURNING = 0.2

export function startBuyers({ random, size, ...shared }: BuyersOptions): Buyers {
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const sql = postgres(shared.cluster.databaseUrl, { max: 6, connect_timeout: 2, onnotice: () => {} })
  const context: BuyerContext = {
    ...shared,
    shared: createSharedState(),
    signal: stopping.signal,
    lockAccount: async (user, seconds) => {
      await sql`select history.lock_account(${user}, ${seconds})`.catch(() => undefined)
    },
  }

  async function runBuyer(index: number): Promise<void> {
    const ownRandom = random.fork(`buyer ${index}`)
    let uuid = uuidFrom(ownRandom)
    while (!isStopping({ context })) {
      if (ownRandom.next() > RETURNING) uuid = uuidFrom(ownRandom)
      const buyer: Buyer = { user: await shared.client.createUser(uuid), random: ownRandom, context }
      await pause(buyer, ownRandom.int(0, 1_500))
      if (!isStopping({ context })) await runScenario(buyer)
    }
  }

  const running = Promise.all(Array.from({ length: size }, (_, index) => runBuyer(index)))
  return {
    stop: async () => {
      stopping.abort()
      await running
      await sql.end({ timeout: 3 })
    },
  }
}
