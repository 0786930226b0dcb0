import { chmodSync, chownSync, existsSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runningProcess } from '../../scripts/services/process-file.ts'
import { startServices } from '../../scripts/services/start.ts'
import {
  isRoot,
  killHard,
  killSupervisors,
  readMark,
  readPid,
  startServicesInChild,
  temporaryDirectory,
  until,
  writeMark,
} from './support.ts'

const SERVICES = ['postgres', 'redis']

describe('startServices', () => {
  test('keeps the data from one start to the next', async () => {
    const directory = temporaryDirectory()
    const first = await startServices({ directory, keepData: true })
    await writeMark(first)
    await first.stop()
    const second = await startServices({ directory, keepData: true })
    onTestFinished(second.stop)
    expect(await readMark(second)).toEqual(['kept', 'kept'])
  })

  test('leaves nothing behind when the data is not kept', async () => {
    const directory = temporaryDirectory()
    const { stop } = await startServices({ directory, keepData: false })
    await stop()
    expect(existsSync(directory)).toBe(false)
  })

  test('has room for 300 connections, and takes them on 127.0.0.1 only', async () => {
    const { databaseUrl, stop } = await startServices({ directory: temporaryDirectory(), keepData: false })
    onTestFinished(stop)
    const sql = postgres(databaseUrl, { max: 1 })
    const [settings] = await sql`
      select current_setting('max_connections')::int as max, current_setting('listen_addresses') as listens`
    await sql.end()
    expect(settings?.max).toBeGreaterThanOrEqual(300)
    expect(settings?.listens).toBe('127.0.0.1')
  })

  test('uses what it is given, and starts nothing then', async () => {
    const directory = join(temporaryDirectory(), 'unused')
    const given = { databaseUrl: 'postgres://elsewhere/name', redisUrl: 'redis://elsewhere' }
    expect(await startServices({ directory, keepData: true, external: given })).toMatchObject(given)
    expect(existsSync(directory)).toBe(false)
  })

  test.skipIf(!isRoot)('finds a home for them when they cannot reach the directory', async () => {
    const directory = temporaryDirectory()
    chmodSync(directory, 0o700)
    const first = await startServices({ directory, keepData: true })
    const dataDir = readlinkSync(join(directory, 'services'))
    expect(dataDir).toMatch(/^\/var\/tmp\/stagedoor-/)
    await writeMark(first)
    await first.stop()

    const second = await startServices({ directory, keepData: true })
    expect(await readMark(second)).toEqual(['kept', 'kept'])
    await second.stop()

    rmSync(join(directory, 'services'))
    const afresh = await startServices({ directory, keepData: true })
    onTestFinished(afresh.stop)
    await expect(readMark(afresh)).rejects.toThrow('mark')
  })
})

describe('the owner of the services', () => {
  test.each([undefined, ...(isRoot ? [65534] : [])])(
    'takes them along when it is killed (user id %s)',
    async (uid) => {
      const directory = temporaryDirectory()
      if (uid !== undefined) chownSync(directory, uid, uid)
      const { owner, said } = await startServicesInChild(directory, uid)
      await writeMark(said)
      const files = SERVICES.map((name) => join(directory, `${name}.process`))
      expect(files.map(runningProcess)).not.toContain(undefined)
      await killHard(owner)
      await until(() => files.every((file) => runningProcess(file) === undefined))

      const next = await startServicesInChild(directory, uid)
      expect(await readMark(next.said)).toEqual(['kept', 'kept'])
    },
  )

  test.skipIf(process.platform !== 'linux')(
    'is followed by one that stops what was left running',
    async () => {
      const directory = temporaryDirectory()
      const { owner, said } = await startServicesInChild(directory)
      await writeMark(said)
      const left = SERVICES.map((name) => readPid(directory, name))
      killSupervisors(left)
      await killHard(owner)
      expect(SERVICES.map((name) => runningProcess(join(directory, `${name}.process`)))).toEqual(left)

      const next = await startServicesInChild(directory)
      expect(await readMark(next.said)).toEqual(['kept', 'kept'])
      expect(SERVICES.map((name) => runningProcess(join(directory, `${name}.process`)))).not.toEqual(left)
    },
  )

  test('is one only, however many start at once after one that was killed', async () => {
    const directory = temporaryDirectory()
    const { owner, said } = await startServicesInChild(directory)
    await writeMark(said)
    await killHard(owner)
    const answers = await Promise.all(Array.from({ length: 5 }, () => startServicesInChild(directory)))
    const refusals = answers.flatMap(({ said: { refused } }) => refused ?? [])
    expect(refusals).toHaveLength(4)
    expect(refusals[0]).toMatch(/already in use, by process \d+\. Stop it first\./)
    const served = answers.find(({ said: { refused } }) => !refused)
    expect(served && (await readMark(served.said))).toEqual(['kept', 'kept'])
  })
})
