/** A process that calls join.lua and status.lua with ioredis, one user a call, with bounded concurrency. */
import { randomUUID } from 'node:crypto'
import { connectRedis } from '../../src/redis/connection.ts'
import { createCommands } from '../../src/queue/commands.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { readTask } from '../lib/programs.ts'

export interface ScriptsTask {
  redisUrl: string
  count: number
  concurrency: number
}

/** Calls a second. */
export interface ScriptsResult {
  join: number
  status: number
}

const { redisUrl, count, concurrency } = await readTask<ScriptsTask>()
const connection = connectRedis({ url: redisUrl })
const times = { admissionMs: 600_000, turnMs: 900_000, claimMs: 60_000, absenceGraceMs: 300_000 }
const commands = createCommands(connection, createKeys('straight'), times)
const concertId = randomUUID()
const settings = { capacity: 1_000_000, ratePerSecond: null, paused: false, version: 1 }
const block = { first: 1, last: 10 * count, fresh: true, settings }
await commands.open(concertId, block, await commands.fence(concertId))
const users = Array.from({ length: count }, () => randomUUID())

async function measure(call: (userId: string, index: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await call(users[index] as string, index)
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  return (count / (performance.now() - began)) * 1_000
}

const result: ScriptsResult = {
  join: await measure((userId) => commands.join(concertId, [userId])),
  status: await measure((userId, index) =>
    commands.status(concertId, [{ concertId, userId, number: index + 1 }]),
  ),
}
process.stdout.write(JSON.stringify(result), () => process.exit())
