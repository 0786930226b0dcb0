import type { Redis } from 'ioredis'

/** The fields of INFO. One may be missing: some services hide them, and an access list may forbid INFO. */
export type ServerInfo = Readonly<Partial<Record<string, string>>>

const VERSION_MIN = [6, 2] as const

/** Why a server cannot be used, as one sentence; null: it can. */
export function findUnsuitable(info: ServerInfo): string | null {
  const { role, redis_version: version, maxmemory_policy: policy } = info
  if (info['cluster_enabled'] === '1')
    return 'REDIS_URL is the address of a Redis Cluster node: Redis Cluster is not supported yet.'
  if (role === 'slave')
    return 'REDIS_URL is the address of a read-only Redis replica: it has to be that of the primary.'
  if (version !== undefined && isOlder(version))
    return `Redis ${version} is too old: version ${VERSION_MIN.join('.')} or later is required.`
  if (policy !== undefined && policy !== 'noeviction')
    return `Redis may evict keys, which loses places in the queue: maxmemory-policy is ${policy}, and has to be noeviction.`
  return null
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])
}

/**
 * Checks the server each time the connection is made, before anything is sent over it. ioredis reads INFO then, and
 * connects again, with growing delays, as long as `accept` returns false. That is how a replica behind the address of
 * the primary is left alone until the address leads to the primary again.
 */
export function checkEachConnection(redis: Redis, accept: (info: ServerInfo) => boolean): void {
  // What SentinelConnector uses to check the role. It is set by the constructor, and there is no option for it.
  const { connector } = redis as unknown as { connector: { check(info: ServerInfo): boolean } }
  const check = connector.check.bind(connector)
  connector.check = (info) => check(info) && accept(info)
}
