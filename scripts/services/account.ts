import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** A user to run services as. */
export interface Account {
  uid: number
  gid: number
}

/**
 * The user that services run as. PostgreSQL refuses to run as root, and Redis without a password should not: for root it is
 * `postgres` where that user exists, else `nobody`. Undefined: the present user.
 */
export function serviceAccount(passwd = '/etc/passwd'): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync(passwd, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const [, , uid, gid] =
    users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? []
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) }
}

/** Whether the account may enter every directory from `path` up. A checkout in a home directory of mode 0700 fails. */
export function canReach(path: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(path)
  const execute = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  if (!(mode & execute)) return false
  const parent = dirname(resolve(path))
  return parent === resolve(path) || canReach(parent, account)
}
