import { ReplyError } from 'ioredis'

/**
 * Error replies of a server that cannot serve at the moment. Redis gives them before the first change, so the command or
 * script had no effect. Redis 6 puts them inside of the error of a script.
 */
const UNAVAILABLE =
  /^(?:ERR Error running script .*: -)?(LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|OOM|UNBLOCKED|EXECABORT)\b/

const codeOf = (error: unknown): string | undefined =>
  error instanceof ReplyError ? UNAVAILABLE.exec((error as Error).message)?.[1] : undefined

/** An error reply that no retry will mend: the script or command itself is wrong. */
export const isBug = (error: unknown): boolean => error instanceof ReplyError && codeOf(error) === undefined

/** Says that this server is not the primary (any more), so the connection has to be made anew by its address. */
export const isFromReplica = (error: unknown): boolean =>
  ['READONLY', 'MASTERDOWN'].includes(codeOf(error) ?? '')

/** What is the matter with Redis, for operators: a sentence without addresses or data. */
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
