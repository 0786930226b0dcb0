/** The settings of a server, read from the environment and validated. */
import { z } from 'zod'
import { describeUnknownParameters } from './db/url.ts'
import type { AuthConfig } from './auth/access-tokens.ts'
import type { OperationSettings } from './resolvers/context.ts'
import type { SocketLimits } from './websocket/server.ts'

const seconds = (fallback: number) => z.coerce.number().positive().max(86_400).default(fallback)
const count = (fallback: number) => z.coerce.number().int().positive().default(fallback)
const choice = z.enum(['on', 'off']).transform((value) => value === 'on')
const secret = z.string().min(32, 'has to be at least 32 characters long')

const environment = z
  .object({
    NODE_ENV: z.string().optional(),
    HOST: z.string().default('127.0.0.1'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
    KEEP_ALIVE_SECONDS: seconds(65),
    DRAIN_SECONDS: z.coerce.number().min(0).max(3_600).default(5),
    LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug']).default('info'),
    DATABASE_URL: z
      .url({ protocol: /^postgres(ql)?$/, error: 'has to be a postgres:// address' })
      .superRefine(refuseUnknownParameters),
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
    CHARGES_BY: z.enum(['buyers', 'cashiers']).optional(),
    QUEUE_CAPACITY: count(100),
    QUEUE_RATE_PER_SECOND: z.coerce.number().positive().optional(),
    TRUST_PROXY: z.coerce.number().int().min(0).max(10).default(0),
    ALLOWED_ORIGINS: z.string().transform(toOrigins).optional(),
    INTROSPECTION: choice.optional(),
    METRICS_TOKEN: secret.optional(),
    OTEL_EXPORTER_OTLP_ENDPOINT: z
      .url({ protocol: /^https?$/, error: 'has to be an http:// address' })
      .optional(),
    OTEL_SERVICE_NAME: z.string().default('stagedoor'),
    OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
    RATE_SIGN_UPS_PER_ADDRESS: count(3_000),
    RATE_JOINS_PER_ADDRESS: count(20_000),
    RATE_JOINS_PER_USER: count(120),
    RATE_LEAVES_PER_USER: count(120),
    RATE_HOLDS_PER_USER: count(120),
    RATE_CANCELLATIONS_PER_USER: count(120),
    RATE_PAYMENTS_PER_USER: count(120),
    RATE_CHARGES_PER_USER: count(120),
    RATE_MESSAGES_PER_SOCKET: count(1_200),
    SOCKETS_MAX: count(50_000),
    SOCKETS_PER_ADDRESS_MAX: count(10_000),
    SOCKETS_PER_USER_MAX: count(20),
    STREAMS_PER_USER_MAX: count(50),
    BOT_CHECK_URL: z.url({ protocol: /^https?$/, error: 'has to be an http:// address' }).optional(),
    BOT_CHECK_SECRET: z.string().optional(),
  })
  .refine((env) => (env.AUTH_SECRET === undefined) !== (env.AUTH_JWKS_URL === undefined), {
    path: ['AUTH_SECRET'],
    message: 'has to be set, or else AUTH_JWKS_URL, and not both',
    when: () => true, // whatever else is wrong
  })

export interface Config extends OperationSettings {
  production: boolean
  host: string
  port: number
  /** How long a connection may be idle between two requests. */
  keepAliveMs: number
  /** From the first 503 of `/ready` until the listener closes. */
  drainMs: number
  logLevel: string
  databaseUrl: string
  databasePoolSize: number
  redisUrl: string
  redisPrefix: string
  auth: AuthConfig
  /** The first signs queue tickets, all of them verify. */
  ticketSecrets: readonly [string, ...string[]]
  /** Number of proxies in front, which append to X-Forwarded-For; 0: the socket's address is the client's. */
  trustedProxies: number
  /** Origins of pages that may call the API; null: all. */
  allowedOrigins: readonly string[] | null
  introspection: boolean
  /** The token of /metrics; null: there is none, and in production /metrics is not served. */
  metricsToken: string | null
  /** Where traces are sent, and the share of them, from 0 to 1; null: operations are not traced. */
  traces: { endpoint: string; serviceName: string; sampleRatio: number } | null
  socketLimits: SocketLimits
  /** Subscriptions of one user on one server, over all transports. */
  streamsPerUserMax: number
  /** The service that checks for bots before a user joins a queue; null: there is no check. */
  botCheck: { url: string; secret: string | undefined } | null
}

function refuseUnknownParameters(address: string, context: z.RefinementCtx): void {
  const refusal = URL.canParse(address) && describeUnknownParameters(address)
  if (refusal) context.addIssue(refusal)
}

/** Origins as browsers send them (RFC 6454): scheme, host, and the port unless it is the usual one. */
function toOrigins(list: string, context: z.RefinementCtx): string[] {
  return list.split(',').map((item) => {
    const written = item.trim()
    if (!URL.canParse(written) || new URL(written).origin !== written.replace(/\/$/, '')) {
      context.addIssue('has to be a list of origins like https://tickets.example')
      return ''
    }
    return new URL(written).origin
  })
}

/**
 * Reads the settings. An empty variable counts as not set, because compose files and shells cannot leave one out.
 * @param env as process.env
 * @throws Error that lists every missing or invalid variable, one a line
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
    keepAliveMs: read.KEEP_ALIVE_SECONDS * 1000,
    drainMs: read.DRAIN_SECONDS * 1000,
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
      turnMs: Math.round((read.ADMISSION_SECONDS + read.HOLD_SECONDS) * 1000),
      claimMs: read.CLAIM_SECONDS * 1000,
      absenceGraceMs: read.ABSENCE_GRACE_SECONDS * 1000,
    },
    holdMs: read.HOLD_SECONDS * 1000,
    seatsPerUserMax: read.SEATS_PER_USER_MAX,
    chargesBy: read.CHARGES_BY ?? (read.NODE_ENV === 'production' ? 'cashiers' : 'buyers'),
    queueDefaults: { capacity: read.QUEUE_CAPACITY, ratePerSecond: read.QUEUE_RATE_PER_SECOND ?? null },
    trustedProxies: read.TRUST_PROXY,
    allowedOrigins: read.ALLOWED_ORIGINS ?? null,
    introspection: read.INTROSPECTION ?? read.NODE_ENV !== 'production',
    metricsToken: read.METRICS_TOKEN ?? null,
    traces:
      read.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? null
        : {
            endpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
            serviceName: read.OTEL_SERVICE_NAME,
            sampleRatio: read.OTEL_TRACES_SAMPLER_ARG,
          },
    rateLimits: {
      signUpsPerAddress: read.RATE_SIGN_UPS_PER_ADDRESS,
      joinsPerAddress: read.RATE_JOINS_PER_ADDRESS,
      joinsPerUser: read.RATE_JOINS_PER_USER,
      leavesPerUser: read.RATE_LEAVES_PER_USER,
      holdsPerUser: read.RATE_HOLDS_PER_USER,
      cancellationsPerUser: read.RATE_CANCELLATIONS_PER_USER,
      paymentsPerUser: read.RATE_PAYMENTS_PER_USER,
      chargesPerUser: read.RATE_CHARGES_PER_USER,
    },
    socketLimits: {
      max: read.SOCKETS_MAX,
      perAddressMax: read.SOCKETS_PER_ADDRESS_MAX,
      perUserMax: read.SOCKETS_PER_USER_MAX,
      messagesPerMinute: read.RATE_MESSAGES_PER_SOCKET,
    },
    streamsPerUserMax: read.STREAMS_PER_USER_MAX,
    botCheck:
      read.BOT_CHECK_URL === undefined ? null : { url: read.BOT_CHECK_URL, secret: read.BOT_CHECK_SECRET },
  }
}
