/** Reads presence from Redis. */
import { Redis } from 'ioredis'
import type { TestServer } from './server.ts'

/** Whether the owner of this queue token was present within the grace period. */
export async function isPresent({ config }: TestServer, queueToken: string): Promise<boolean> {
  const payload = Buffer.from(queueToken.split('.')[1] ?? '', 'base64url').toString()
  const { number, concert } = JSON.parse(payload) as { number: number; concert: string }
  const redis = new Redis(config.redisUrl)
  try {
    const keys = await redis.keys(`${config.redisPrefix}:{${concert}}:present:*`)
    return (await Promise.all(keys.map((key) => redis.getbit(key, number)))).includes(1)
  } finally {
    redis.disconnect()
  }
}
