/** A bug of ours shows on every way in that there was one, and nothing of what it was. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createScenario, type Scenario } from '../support/scenario.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { sendOverSocket } from '../support/socket.ts'
import { seatSubscription } from '../support/operations.ts'

let server: TestServer
let scene: Scenario
beforeAll(async () => {
  server = await startServer({ LOG_LEVEL: 'silent' })
  scene = await createScenario(server)
  await server.database.sql.unsafe(`
    drop function charge_points;
    create function charge_points(uuid, text, uuid, bigint, bigint) returns jsonb language plpgsql
      as 'begin raise exception ''the inside story''; end';
    alter table performances rename column starts_at to begins_at`)
})
afterAll(() => server.stop())

const masked = {
  message: 'Something went wrong on our side.',
  extensions: { code: 'INTERNAL' },
}
const operations: [what: string, query: string, variables: () => object][] = [
  [
    'a function that fails',
    'mutation ($input: ChargePointsInput!) { result: chargePoints(input: $input) { __typename } }',
    () => ({ input: { amount: 1, idempotencyKey: randomUUID() } }),
  ],
  [
    'a query that does not fit the tables',
    'query ($id: ID!) { result: performance(id: $id) { id } }',
    () => ({ id: scene.date }),
  ],
  ['a stream that cannot begin', seatSubscription, () => ({ id: scene.date })],
]

describe.each(['http', 'ws', 'sse'] as const)('over %s', (transport) => {
  test.each(operations)('%s', async (_, query, variables) => {
    const credentials = { accessToken: scene.jun.accessToken, queueToken: scene.junTicket }
    const answer =
      transport === 'http'
        ? await scene.jun.send(query, variables(), credentials)
        : transport === 'ws'
          ? await sendOverSocket(server.url, query, variables(), credentials)
          : await overSse(query, variables(), credentials.queueToken)
    expect(answer.errors).toMatchObject([masked])
    expect(Object.keys(answer.errors?.[0]?.extensions ?? {})).toEqual(['code', 'requestId'])
    expect(JSON.stringify(answer)).not.toMatch(/inside story|starts_at|select/)
  })
})

async function overSse(query: string, variables: object, queueToken: string) {
  const stream = scene.jun.subscribe('sse', query, variables, { queueToken })
  const error: unknown = await stream.next().catch((thrown: unknown) => thrown)
  return { errors: JSON.parse((error as Error).message) as { extensions: object }[] }
}
