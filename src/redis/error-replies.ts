import { ReplyError } from 'ioredis'

/**
 * Error replies of a server that cannot serve at the moment. Redis sends them before the first change, so the command or
 * script had no effect. Redis 6 wraps them in the error of the script.
 */
const UNAVAILABLE =
  /^(?:ERR Error running script .*: -)?(LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|OOM|UNBLOCKED|EXECABORT)\b/

const codeOf = (error: unknown): string | undefined =>
  error instanceof ReplyError ? UNAVAILABLE.exec((error as Error).message)?.[1] : undefined

/** Whether an error reply is permanent: the script or command itself is wrong. */
export const isBug = (error: unknown): boolean => error instanceof ReplyError && codeOf(error) === undefined

/** Whether this server is not the primary (any more). The address may lead to the primary: reconnect. */
export const isFromReplica = (error: unknown): boolean =>
  ['READONLY', 'MASTERDOWN'].includes(codeOf(error) ?? '')

/** Why Redis cannot serve, for operators: one sentence, without addresses or data. */
export function describeFailure(error: unknown): string {
  switch (codeOf(error)) {
    case 'READONLY':
    case 'MASTERDOWN':
      return 'Redis is a read-only replica.'
    case 'OOM':
      return 'Redis has reached its maxmemory.'
    case 'MISCONF':
      return 'Redis refuses writes because it cannot save its data to disk.'
    case 'NOREPLICAS':
      return 'Redis refuses writes because it has too few replicas.'
    case 'LOADING':
      return 'Redis is loading its data.'
    default:
      return 'Redis does not answer.'
  }
}
