import { expect, onTestFinished, test } from 'vitest'
import { connectRedis } from '../../src/redis/connection.ts'
import { findUnsuitable } from '../../src/redis/server-check.ts'
import { replicate, startRedisServer } from '../support/redis-server.ts'

const open = (url: string) => {
  const connection = connectRedis({ url })
  onTestFinished(() => connection.close())
  return connection
}

test.for([
  [{ 'maxmemory-policy': 'allkeys-lru' }, /maxmemory-policy is allkeys-lru/],
  [{ 'maxmemory-policy': 'volatile-ttl' }, /maxmemory-policy is volatile-ttl/],
  [{ 'cluster-enabled': 'yes' }, /Redis Cluster is not supported yet/],
] as const)('an unsuitable Redis is refused at the start, and not used: %o', async ([settings, why]) => {
  const server = await startRedisServer(settings)
  const { verify, probe, call, redis } = open(server.url)
  await expect(verify()).rejects.toThrow(why)
  await expect(call(() => redis.ping())).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(await probe()).toMatchObject({
    read: false,
    write: false,
    reason: expect.stringMatching(why) as string,
  })
})

test('a replica is refused at the start', async () => {
  const [primary, replica] = [await startRedisServer(), await startRedisServer()]
  await replicate(replica, primary)
  await expect(open(replica.url).verify()).rejects.toThrow('read-only Redis replica')
  await open(primary.url).verify()
})

test('a Redis that is away at the start is checked on the first connect', async () => {
  const server = await startRedisServer({ 'maxmemory-policy': 'allkeys-lru' })
  await server.kill()
  const { verify, probe, call, redis } = open(server.url)
  await verify()
  expect(await probe()).toEqual({ read: false, write: false, reason: 'Redis does not answer.' })
  await server.start()
  await expect.poll(async () => (await probe()).reason).toMatch('maxmemory-policy is allkeys-lru')
  await expect(call(() => redis.set('key', 1))).rejects.toMatchObject({ code: 'OVERLOADED' })
  await server.admin.config('SET', 'maxmemory-policy', 'noeviction')
  await expect.poll(probe).toEqual({ read: true, write: true })
})

test('an old version is refused, missing fields are accepted', () => {
  expect(findUnsuitable({ redis_version: '6.0.16' })).toMatch('6.0.16 is too old: version 6.2 or later')
  expect(findUnsuitable({ redis_version: '5.0.7' })).toMatch('too old')
  for (const redis_version of ['6.2.0', '7.0.15', '7.2.4', '8.0.0', '10.0.1', undefined])
    expect(findUnsuitable(redis_version === undefined ? {} : { redis_version })).toBeNull()
})
