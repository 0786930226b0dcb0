/** The log: JSON, without secrets, with a line for each failure and none for ordinary requests. */
import { pino, stdSerializers, type Logger } from 'pino'

/** Secrets anywhere in a line: signed tokens, what follows Bearer, passwords in URLs. */
const SECRETS: [what: RegExp, instead: string][] = [
  [/\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g, '[token]'],
  [/\b(bearer\s+)[^\s"\\,]+/gi, '$1[token]'],
  [/(:\/\/[^\s"/@:]*:)[^\s"/@]+@/g, '$1[password]@'],
]

/** Secrets by their key, on the first two levels of what is logged. */
const REDACTED_KEYS = ['authorization', 'queueToken', 'token', 'password', 'secret', '["x-queue-token"]']

export const redactSecrets = (text: string): string =>
  SECRETS.reduce((left, [what, instead]) => left.replace(what, instead), text)

export const createLog = (level: string): Logger =>
  pino({
    level,
    redact: REDACTED_KEYS.flatMap((name) => [name, `*.${name}`].map((path) => path.replace('.[', '['))),
    serializers: { err: serializeError },
    hooks: { streamWrite: redactSecrets },
  })

/** An error without the properties that libraries add: ioredis adds the command, with the password of AUTH. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { type, message, stack, code } = stdSerializers.err(error) as Record<string, unknown>
  return { type, message, stack, code }
}
