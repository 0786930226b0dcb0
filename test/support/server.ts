/** A server in the test's process, with a database and a key prefix of its own. */
import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { createApp } from '../../src/app.ts'
import type { App } from '../../src/lifecycle.ts'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { readConfig, type Config } from '../../src/config.ts'
import type { Role } from '../../src/domain/users.ts'
import { globalId } from '../../src/schema/ids.ts'
import { createClient, type Client } from './client.ts'
import { createDatabase, type TestDatabase } from './database.ts'

export const secret = 'a secret that is long enough for tests'

export interface TestServer {
  app: App
  url: string
  config: Config
  database: TestDatabase
  /** The settings, for a server process on the same stores. */
  env: Record<string, string>
  /** A new user with an access token. */
  user(role?: Role): Promise<TestUser>
  stop(): Promise<void>
}

export interface TestUser extends Client {
  /** The plain UUID, and the global id. */
  uuid: string
  id: string
  accessToken: string
}

/** @param overrides of the settings: `{ HOLD_SECONDS: '1' }`, say */
export async function startServer(overrides: Record<string, string> = {}): Promise<TestServer> {
  const database = await createDatabase()
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: `test:${randomUUID()}`,
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
    LOG_LEVEL: 'error',
    DRAIN_SECONDS: '0',
    PORT: '0',
    ...overrides,
  }
  const config = readConfig(env)
  const app = createApp(config)
  const url = `http://127.0.0.1:${await app.start()}/graphql`
  return {
    app,
    url,
    config,
    database,
    env,
    user: (role) => createUser(url, role),
    stop: async () => {
      await app.stop()
      await database.drop()
    },
  }
}

const auth = createAuth({ kind: 'secret', secret })

/** A new user of the server at `url`. */
export async function createUser(url: string, role: Role = 'buyer'): Promise<TestUser> {
  const uuid = randomUUID()
  const accessToken = await auth.issue({ userId: uuid, role }, 3_600)
  return { uuid, id: globalId('User', uuid), accessToken, ...createClient(url, { accessToken }) }
}
