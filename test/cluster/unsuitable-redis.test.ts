import { execFile } from 'node:child_process'
import { expect, inject, test } from 'vitest'
import { startRedisServer } from '../support/redis-server.ts'
import { secret } from '../support/server.ts'

test('a server whose Redis may evict keys ends at once, with one sentence and exit code 1', async () => {
  const redis = await startRedisServer({ 'maxmemory-policy': 'allkeys-lru' })
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: inject('databaseUrl'),
    REDIS_URL: redis.url,
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
    LOG_LEVEL: 'silent',
    PORT: '0',
  }
  const ended = new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', 'src/main.ts'], { env }, (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    )
  })
  expect(await ended).toEqual({
    code: 1,
    stderr:
      'Redis may evict keys, which loses places in the queue: maxmemory-policy is allkeys-lru, and has to be noeviction.\n',
  })
})
