import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'

const secret = 'a secret that is long enough for tests'
const needed = {
  DATABASE_URL: 'postgres://localhost/stagedoor',
  REDIS_URL: 'redis://localhost',
  AUTH_SECRET: secret,
  TICKET_SECRETS: secret,
}
const errorsOf = (env: Record<string, string | undefined>): string[] => {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
}

describe('the environment', () => {
  test('needs little, and has a default for the rest', () => {
    expect(readConfig(needed)).toEqual({
      production: false,
      host: '127.0.0.1',
      port: 4000,
      keepAliveMs: 65_000,
      drainMs: 5_000,
      logLevel: 'info',
      databaseUrl: needed.DATABASE_URL,
      databasePoolSize: 10,
      redisUrl: needed.REDIS_URL,
      redisPrefix: 'stagedoor',
      auth: { kind: 'secret', secret },
      ticketSecrets: [secret],
      queueTimes: { admissionMs: 600_000, turnMs: 900_000, claimMs: 60_000, absenceGraceMs: 300_000 },
      holdMs: 300_000,
      seatsPerUserMax: 4,
      chargesBy: 'buyers',
      queueDefaults: { capacity: 100, ratePerSecond: null },
      trustedProxies: 0,
      allowedOrigins: null,
      introspection: true,
      metricsToken: null,
      traces: null,
      rateLimits: {
        signUpsPerAddress: 3_000,
        joinsPerAddress: 20_000,
        joinsPerUser: 120,
        leavesPerUser: 120,
        holdsPerUser: 120,
        cancellationsPerUser: 120,
        paymentsPerUser: 120,
        chargesPerUser: 120,
      },
      socketLimits: { perAddressMax: 10_000, perUserMax: 20, max: 50_000, messagesPerMinute: 1_200 },
      streamsPerUserMax: 50,
      botCheck: null,
    })
  })

  test('is read', () => {
    const config = readConfig({
      ...needed,
      NODE_ENV: 'production',
      PORT: '0',
      AUTH_SECRET: '',
      AUTH_JWKS_URL: 'https://id.example/jwks.json',
      AUTH_ISSUER: 'https://id.example',
      TICKET_SECRETS: `${secret}, old ${secret}`,
      HOLD_SECONDS: '1.5',
      QUEUE_RATE_PER_SECOND: '0.5',
      TRUST_PROXY: '2',
      ALLOWED_ORIGINS: 'https://tickets.example, http://localhost:3000/',
      RATE_CHARGES_PER_USER: '5',
      SOCKETS_PER_USER_MAX: '3',
      BOT_CHECK_URL: 'https://bots.example/siteverify',
      BOT_CHECK_SECRET: 'hush',
      METRICS_TOKEN: `metrics ${secret}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_TRACES_SAMPLER_ARG: '0.1',
    })
    expect(config).toMatchObject({
      production: true,
      port: 0,
      auth: {
        kind: 'jwks',
        url: 'https://id.example/jwks.json',
        issuer: 'https://id.example',
        audience: undefined,
      },
      ticketSecrets: [secret, `old ${secret}`],
      holdMs: 1_500,
      queueDefaults: { ratePerSecond: 0.5 },
      trustedProxies: 2,
      allowedOrigins: ['https://tickets.example', 'http://localhost:3000'],
      introspection: false,
      metricsToken: `metrics ${secret}`,
      traces: { endpoint: 'http://collector:4318', serviceName: 'stagedoor', sampleRatio: 0.1 },
      rateLimits: { chargesPerUser: 5 },
      socketLimits: { perUserMax: 3 },
      botCheck: { url: 'https://bots.example/siteverify', secret: 'hush' },
    })
    const open = { ...needed, NODE_ENV: 'production', INTROSPECTION: 'on' }
    expect(readConfig(open).introspection).toBe(true)
  })

  test('has nothing in a variable that is empty', () => {
    const empty = { PORT: '', CLAIM_SECONDS: '', QUEUE_RATE_PER_SECOND: '', AUTH_JWKS_URL: '', NODE_ENV: '' }
    expect(readConfig({ ...needed, ...empty })).toEqual(readConfig(needed))
    expect(errorsOf({ ...needed, REDIS_URL: '' })).toEqual(['  REDIS_URL is missing'])
  })

  test('reports everything that is wrong at once', () => {
    expect(errorsOf({})).toEqual([
      '  DATABASE_URL is missing',
      '  REDIS_URL is missing',
      '  TICKET_SECRETS is missing',
      '  AUTH_SECRET is missing',
    ])
    const wrong = errorsOf({
      ...needed,
      DATABASE_URL: 'mysql://localhost/x',
      PORT: '70000',
      TICKET_SECRETS: `${secret},short`,
      HOLD_SECONDS: '0',
      SEATS_PER_USER_MAX: '1.5',
      TRUST_PROXY: 'yes',
      ALLOWED_ORIGINS: 'https://tickets.example,tickets.example',
      INTROSPECTION: 'perhaps',
      RATE_JOINS_PER_USER: '0',
      BOT_CHECK_URL: 'bots.example',
    })
    expect(wrong.map((line) => line.trim().split(':')[0])).toEqual([
      'PORT',
      'DATABASE_URL',
      'TICKET_SECRETS',
      'HOLD_SECONDS',
      'SEATS_PER_USER_MAX',
      'TRUST_PROXY',
      'ALLOWED_ORIGINS',
      'INTROSPECTION',
      'RATE_JOINS_PER_USER',
      'BOT_CHECK_URL',
    ])
  })

  test('names exactly one way to vouch for users', () => {
    const message = '  AUTH_SECRET: has to be set, or else AUTH_JWKS_URL, and not both'
    expect(errorsOf({ ...needed, AUTH_JWKS_URL: 'https://id.example/jwks.json' })).toEqual([message])
    expect(errorsOf({ ...needed, AUTH_SECRET: undefined })).toEqual(['  AUTH_SECRET is missing'])
  })

  test.each(['0', '-1', 'ten', '1e9'])('takes no time of %o seconds', (value) => {
    expect(errorsOf({ ...needed, CLAIM_SECONDS: value })).toHaveLength(1)
  })

  test('a secret is never repeated in an error message', () => {
    expect(errorsOf({ ...needed, AUTH_SECRET: 'hunter2' }).join()).not.toContain('hunter2')
    expect(errorsOf({ ...needed, TICKET_SECRETS: 'hunter2' }).join()).not.toContain('hunter2')
  })

  test('takes no address of a database with parameters that PostgreSQL would refuse', () => {
    const DATABASE_URL = 'postgres://localhost/x?sslmode=require&connection_limit=5&schema=public'
    expect(errorsOf({ ...needed, DATABASE_URL })).toEqual([
      expect.stringContaining('DATABASE_URL: has to go without connection_limit, schema: only sslmode,'),
    ])
    const known = 'postgres://localhost/x?sslmode=require&application_name=a&target_session_attrs=primary'
    expect(errorsOf({ ...needed, DATABASE_URL: known })).toEqual([])
  })
})
