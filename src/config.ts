/** The settings of a server: read from the environment, and checked, in one go. */
import { z } from 'zod'
import type { QueueTimes } from './domain/queue.ts'

const seconds = (fallback: number) => z.coerce.number().positive().max(86_400).default(fallback)
const count = (fallback: number) => z.coerce.number().int().positive().default(fallback)
const secret = z.string().min(32, 'has to be at least 32 characters long')

const environment = z
  .object({
    NODE_ENV: z.string().optional(),
    HOST: z.string().default('127.0.0.1'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
    LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug']).default('info'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'has to be a postgres:// address' }),
    REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'has to be a redis:// address' }),
    REDIS_PREFIX: z
      .string()
      .regex(/^[\w:-]{1,64}$/)
      .default('stagedoor'),
    DATABASE_POOL_SIZE: count(10),
    AUTH_SECRET: secret.optional(),
    AUTH_JWKS_URL: z.url().optional(),
    AUTH_ISSUER: z.string().optional(),
    AUTH_AUDIENCE: z.string().optional(),
    TICKET_SECRETS: z.string().transform((list, context) => {
      const secrets = list.split(',').map((item) => item.trim())
      if (secrets.some((item) => item.length < 32)) {
        context.addIssue('each of them has to be at least 32 characters long')
      }
      return secrets as [string, ...string[]]
    }),
    HOLD_SECONDS: seconds(300),
    ADMISSION_SECONDS: seconds(600),
    CLAIM_SECONDS: seconds(60),
    ABSENCE_GRACE_SECONDS: seconds(300),
    SEATS_PER_USER_MAX: count(4),
    QUEUE_CAPACITY: count(100),
    QUEUE_RATE_PER_SECOND: z.coerce.number().positive().optional(),
  })
  .refine((env) => (env.AUTH_SECRET === undefined) !== (env.AUTH_JWKS_URL === undefined), {
    path: ['AUTH_SECRET'],
    message: 'has to be set, or else AUTH_JWKS_URL, and not both',
    when: () => true, // whatever else is wrong
  })

/** Who vouches for users: this server itself, or somebody whose public keys can be fetched. */
export type AuthConfig =
  | { kind: 'secret'; secret: string }
  | { kind: 'jwks'; url: string; issuer: string | undefined; audience: string | undefined }

export interface Config {
  production: boolean
  host: string
  port: number
  logLevel: string
  databaseUrl: string
  databasePoolSize: number
  redisUrl: string
  redisPrefix: string
  auth: AuthConfig
  /** The first signs queue tickets, all of them verify. */
  ticketSecrets: readonly [string, ...string[]]
  queueTimes: QueueTimes
  holdMs: number
  seatsPerUserMax: number
  /** For a concert that does not set its own. */
  queueDefaults: { capacity: number; ratePerSecond: number | null }
}

/**
 * Reads the settings. An empty variable is one that is not set: that is how compose files and shells leave
 * things out.
 * @param env the environment's variables, as `process.env` has them
 * @throws Error that names every variable that is missing or wrong, one a line
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const result = environment.safeParse(set)
  if (!result.success) {
    const lines = result.error.issues.map((issue) => {
      const name = String(issue.path[0])
      return set[name] === undefined ? `${name} is missing` : `${name}: ${issue.message}`
    })
    throw new Error(
      `The environment is not complete:\n${[...new Set(lines)].map((line) => `  ${line}`).join('\n')}`,
    )
  }
  const read = result.data
  return {
    production: read.NODE_ENV === 'production',
    host: read.HOST,
    port: read.PORT,
    logLevel: read.LOG_LEVEL,
    databaseUrl: read.DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    redisUrl: read.REDIS_URL,
    redisPrefix: read.REDIS_PREFIX,
    auth:
      read.AUTH_JWKS_URL === undefined
        ? { kind: 'secret', secret: read.AUTH_SECRET ?? '' }
        : { kind: 'jwks', url: read.AUTH_JWKS_URL, issuer: read.AUTH_ISSUER, audience: read.AUTH_AUDIENCE },
    ticketSecrets: read.TICKET_SECRETS,
    queueTimes: {
      admissionMs: read.ADMISSION_SECONDS * 1000,
      claimMs: read.CLAIM_SECONDS * 1000,
      absenceGraceMs: read.ABSENCE_GRACE_SECONDS * 1000,
    },
    holdMs: read.HOLD_SECONDS * 1000,
    seatsPerUserMax: read.SEATS_PER_USER_MAX,
    queueDefaults: { capacity: read.QUEUE_CAPACITY, ratePerSecond: read.QUEUE_RATE_PER_SECOND ?? null },
  }
}
