/** The log: JSON, a line for what went wrong and none for an ordinary request, and nothing secret in it. */
import { pino, stdSerializers, type Logger } from 'pino'

/** What opens doors, wherever it stands: signed tokens, what follows Bearer, passwords in addresses. */
const SECRETS: [what: RegExp, instead: string][] = [
  [/\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g, '[token]'],
  [/\b(bearer\s+)[^\s"\\,]+/gi, '$1[token]'],
  [/(:\/\/[^\s"/@:]*:)[^\s"/@]+@/g, '$1[password]@'],
]

/** By what they are called, in whatever is logged: two levels are as deep as it goes. */
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

/** An error without what its library hung on it: ioredis keeps the command, with the password if that was AUTH. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { type, message, stack, code } = stdSerializers.err(error) as Record<string, unknown>
  return { type, message, stack, code }
}
