/** Invariant 28: servers report the truth about themselves and the stores. */
import type { StoreHealth } from '../health.ts'
import { isCalm, type Run } from './load-run.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** From the start until it drains, a server wants traffic, whatever the stores do. */
const readyUntilItDrains = (run: Run): CheckResult =>
  checkEach(
    run.health.filter(({ ready }) => ready !== null),
    ({ server, ready, stopping, at }) =>
      ready === 200 || stopping ? undefined : `server ${server} said ${ready} to /ready at ${at}`,
  )

/** So long after a fault begins or ends, what is said may still be about the time before. */
const LATE_MS = 8_000

const bothWork = ({ read, write }: StoreHealth): boolean => read && write

/** While nothing is broken, both stores are said to work. */
const soundStoresAreSound = (run: Run): CheckResult =>
  checkEach(
    run.health.filter(({ health, askedAt, at }) => health !== null && isCalm(run, askedAt - LATE_MS, at)),
    ({ server, health, at }) =>
      health && bothWork(health.postgres) && bothWork(health.redis)
        ? undefined
        : `server ${server} said ${JSON.stringify(health)} at ${at}, and nothing is broken`,
  )

/** What a fault makes of a store, on every server and for as long as it lasts. */
const BROKEN: Record<string, { store: 'postgres' | 'redis'; read: boolean }> = {
  'PostgreSQL read-only': { store: 'postgres', read: true },
  'Redis out of memory': { store: 'redis', read: true },
  'Redis paused 10 s': { store: 'redis', read: false },
  'PostgreSQL hung': { store: 'postgres', read: false },
}
/** A probe may have been answered just before, and its answer be kept for a moment. */
const NOTICED_MS = 3_000
/** It is mended just before its end is written down. */
const MENDED_MS = 500

/** While a store takes no writes, that is what is said; and whether it can be read. */
function brokenStoresAreBroken(run: Run): CheckResult {
  const during = run.faults.flatMap(({ name, from, until }) => {
    const broken = BROKEN[name]
    if (!broken) return []
    return run.health
      .filter(({ health, askedAt, at }) => health && askedAt > from + NOTICED_MS && at < until - MENDED_MS)
      .map((answer) => ({ ...answer, name, ...broken }))
  })
  return checkEach(during, ({ server, name, store, read, health, at }) => {
    const said = health?.[store]
    // Something else may be broken too: less than is left here is no lie.
    return said && !said.write && (read || !said.read)
      ? undefined
      : `server ${server} said ${JSON.stringify(health)} at ${at}, during: ${name}`
  })
}

export const healthChecks: readonly Check[] = [
  { invariant: 28, name: 'a server is ready until it drains', run: readyUntilItDrains },
  { invariant: 28, name: 'working stores are reported as healthy', run: soundStoresAreSound },
  {
    invariant: 28,
    name: 'stores that take no writes are reported as such',
    needsAllFaults: true,
    run: brokenStoresAreBroken,
  },
]
