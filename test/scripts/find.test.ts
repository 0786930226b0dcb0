import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { canReach } from '../../scripts/services/account.ts'
import { embeddedPostgres } from '../../scripts/services/embedded.ts'
import { findProgram, postgresDirectories, programDirectories } from '../../scripts/services/find.ts'
import { openDataDir, type DataDir } from '../../scripts/services/data-dir.ts'
import { findPostgres, startPostgres } from '../../scripts/services/postgres.ts'
import { findRedis } from '../../scripts/services/redis.ts'
import { isRoot, temporaryDirectory } from './support.ts'

const say = () => {}
const refuse = () => false

function embedded(dataDir: DataDir): string[] {
  return [embeddedPostgres(dataDir) ?? 'none for this platform']
}

function openTemporaryHome(): DataDir {
  return openDataDir(temporaryDirectory(), { keepData: false, log: say })
}

describe('finding Redis', () => {
  test('works with nothing on PATH', () => {
    expect(existsSync(findRedis(say, programDirectories(''), refuse))).toBe(true)
  })

  test('takes Valkey where there is no Redis', () => {
    const directory = temporaryDirectory()
    const valkey = join(directory, 'valkey-server')
    writeFileSync(valkey, '#!/bin/sh\n', { mode: 0o755 })
    expect(findRedis(say, [directory], refuse)).toBe(valkey)
  })

  test('looks again after it was installed', () => {
    const directory = temporaryDirectory()
    const install = (name: string) => {
      writeFileSync(join(directory, name), '#!/bin/sh\n', { mode: 0o755 })
      return true
    }
    expect(findRedis(say, [directory], install)).toBe(join(directory, 'redis-server'))
  })

  test('says what is missing and the three ways to get it', () => {
    expect(() => findRedis(say, [], refuse)).toThrow(
      /Redis is missing.*1\. install it: .*2\. .*PATH.*3\. .*REDIS_URL=/s,
    )
  })

  test('passes over what cannot be run', () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'redis-server'), '', { mode: 0o644 })
    expect(findProgram(['redis-server'], [directory])).toBeUndefined()
  })
})

describe('finding PostgreSQL', () => {
  test('works with nothing on PATH', () => {
    const dataDir = openTemporaryHome()
    const directories = [...postgresDirectories(''), ...embedded(dataDir)]
    expect(existsSync(join(findPostgres(dataDir, undefined, directories, refuse), 'initdb'))).toBe(true)
  })

  test('says what is missing and the three ways to get it', () => {
    const dataDir = openTemporaryHome()
    expect(() => findPostgres(dataDir, undefined, [], refuse)).toThrow(
      /PostgreSQL is missing.*1\. install it: .*2\. npm ci.*3\. .*DATABASE_URL=/s,
    )
  })

  test('insists on the version that made the data', () => {
    const dataDir = openTemporaryHome()
    expect(() => findPostgres(dataDir, 9)).toThrow('was made by PostgreSQL 9, which is not on this machine')
  })

  test('starts the one from npm, which needs neither PATH nor install scripts', async () => {
    const dataDir = openTemporaryHome()
    const { url, stop } = await startPostgres(dataDir, { directories: embedded(dataDir) })
    onTestFinished(stop)
    const sql = postgres(url, { max: 1 })
    const [row] = await sql`select current_setting('server_version_num')::int as version`
    await sql.end()
    expect(row?.version).toBeGreaterThanOrEqual(180000)
  })
})

describe('canReach', () => {
  test.skipIf(!isRoot)('asks every directory on the way', () => {
    const outer = temporaryDirectory()
    const inner = join(outer, 'inner')
    mkdirSync(inner, { mode: 0o755 })
    const nobody = { uid: 65534, gid: 65534 }
    chmodSync(outer, 0o700)
    expect(canReach(inner, nobody)).toBe(false)
    chmodSync(outer, 0o711)
    expect(canReach(inner, nobody)).toBe(true)
  })
})
