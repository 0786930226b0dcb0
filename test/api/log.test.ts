/** The log of a busy server: nothing in it that opens a door, and nothing about what goes well. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { secret, startServer } from '../support/server.ts'
import { sendOverSocket } from '../support/socket.ts'
import { statusSubscription } from '../support/operations.ts'
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const PASSWORD = 'a-password-for-redis'
const METRICS_TOKEN = 'a token that is long enough for a scraper'

let way: TcpProxy
let cluster: Cluster
let server: ServerProcess
beforeAll(async () => {
  way = await createTcpProxy(inject('redisUrl'))
  const url = new URL(way.url)
  // Redis has none, and says that it does not like this one.
  url.password = PASSWORD
  cluster = await startCluster({ REDIS_URL: url.href, LOG_LEVEL: 'debug', METRICS_TOKEN })
  server = await cluster.start()
})
afterAll(async () => {
  await cluster.stop()
  way.close()
})

/** Once nothing has been said for a while that was going on before. */
async function linesAfter(work: () => Promise<unknown>): Promise<number> {
  const before = server.log.length
  await work()
  return server.log.length - before
}

test('says nothing about a purchase, and no secret about anything', async () => {
  const { concertId, performanceIds } = await createSale({ ...cluster, user: (role) => cluster.user(role) })
  const buyer = await cluster.user()
  const tokens = [buyer.accessToken]

  const lines = await linesAfter(async () => {
    const { token } = await join(buyer, concertId)
    tokens.push(token)
    const stream = buyer.subscribe('ws', statusSubscription, {}, { queueToken: token })
    await stream.next()
    const { id } = await hold(buyer, token, performanceIds[0] ?? '', [1])
    await charge(buyer, 100)
    await pay(buyer, token, id)
    await stream.stop()
    for (let time = 0; time < 20; time++) await buyer.send('{ nothing }')
    await fetch(new URL('/metrics', server.url), { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })
  })
  expect(lines).toBe(0)

  // Bugs whose messages repeat what a client has sent, and that is a token.
  const query = 'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { __typename } }'
  for (const token of tokens) {
    await cluster.database.sql.unsafe(`
      drop function charge_points;
      create function charge_points(uuid, text, uuid, bigint, bigint) returns jsonb language plpgsql
        as 'begin raise exception ''cannot charge ${token}, sent with authorization: Bearer ${token}''; end'`)
    const credentials = { accessToken: buyer.accessToken, queueToken: token }
    const input = { amount: 1, idempotencyKey: randomUUID() }
    for (let use = 0; use < 4; use++) await buyer.send(query, { input }, credentials)
    await sendOverSocket(server.url, query, { input }, credentials)
  }
  // A store that goes away and comes back.
  way.cut()
  await buyer.send('mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { __typename } }', {
    id: concertId,
  })
  const log = () => server.log.join('\n')
  await expect.poll(log).toContain('Redis connection failed')
  way.restore()
  expect(log()).toContain('unhandled error masked as INTERNAL')
  expect(log()).toContain('cannot charge [token]')
  const secrets = [...tokens, secret, METRICS_TOKEN, PASSWORD, new URL(cluster.database.url).password]
  for (const text of secrets.filter((one) => one !== '')) {
    expect(log()).not.toContain(text)
    // Nor most of it: the signature is what counts, and it is at the end.
    if (text.includes('.')) expect(log()).not.toContain(text.split('.')[1] ?? randomUUID())
  }
})

test('says what ends a server, and not what was hung on it', async () => {
  const server = await startServer()
  // As ioredis does with a command that failed.
  const bug = `
    const word = process.env.WORD // not said here: the stack names this very text
    const error = new Error('no way to redis://:' + word + '@cache:6379')
    process.on('SIGUSR2', () => { throw Object.assign(error, { command: { name: 'auth', args: [word] } }) })`
  const hook = `data:text/javascript,${encodeURIComponent(bug)}`
  const child = spawn(process.execPath, ['--import', hook, '--import', 'tsx', 'src/main.ts'], {
    env: { PATH: process.env['PATH'], ...server.env, LOG_LEVEL: 'info', WORD: PASSWORD },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += String(chunk)))
  await expect.poll(() => said).toContain('"listening"')
  child.kill('SIGUSR2')
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(1)
  expect(said).toContain('no way to redis://:[password]@cache:6379')
  expect(said).not.toContain(PASSWORD)
  await server.stop()
})
