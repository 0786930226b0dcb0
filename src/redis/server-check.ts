import type { Redis } from 'ioredis'

/** The fields of INFO. Any may be missing: some services hide them, and an ACL may forbid INFO. */
export type ServerInfo = Readonly<Partial<Record<string, string>>>

const VERSION_MIN = [6, 2] as const

/** Why a server cannot be used, in one sentence; null: it can. */
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
 * Checks the server after each connect, before any command is sent. ioredis reads INFO, and reconnects with growing delays
 * while `accept` returns false. So a replica behind the primary's address is not used until the address leads to the
 * primary again.
 */
export function checkEachConnection(redis: Redis, accept: (info: ServerInfo) => boolean): void {
  // SentinelConnector checks the role in the same place. There is no option for it.
  const { connector } = redis as unknown as { connector: { check(info: ServerInfo): boolean } }
  const check = connector.check.bind(connector)
  connector.check = (info) => check(info) && accept(info)
}
