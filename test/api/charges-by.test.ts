/** Who may add points to a balance: CHARGES_BY and the role of an access token. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { charge } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { errorCodeOf } from '../support/operations.ts'

const mutation = `mutation ($input: ChargePointsInput!) {
  chargePoints(input: $input) { __typename ... on ChargePointsPayload { account { userId balance } } ... on Refusal { message } }
}`
const chargeAs = (caller: TestUser, input: object) =>
  caller.send<{ chargePoints: object }>(mutation, {
    input: { amount: 70, idempotencyKey: randomUUID(), ...input },
  })
const balanceOf = async ({ database }: TestServer, { uuid }: TestUser): Promise<number> => {
  const [row] = await database.sql<{ balance: number }[]>`
    select balance::int as balance from accounts where user_id = ${uuid}`
  return row?.balance ?? 0
}

describe('with CHARGES_BY=cashiers', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ NODE_ENV: 'production' })
  })
  afterAll(() => server.stop())

  test('it is the default in production, and clients are told', async () => {
    expect(await (await server.user()).request('{ chargesBy }', {}, { accessToken: undefined })).toEqual({
      chargesBy: 'CASHIERS',
    })
  })

  test.each(['buyer', 'operator'] as const)('a %s creates no points, for nobody', async (role) => {
    const [caller, other] = [await server.user(role), await server.user()]
    for (const input of [{}, { userId: caller.id }, { userId: other.id }]) {
      const answer = await chargeAs(caller, input)
      expect(errorCodeOf(answer)).toBe('FORBIDDEN')
      expect(answer.errors?.[0]?.message).toContain('CHARGES_BY=cashiers')
    }
    expect([await balanceOf(server, caller), await balanceOf(server, other)]).toEqual([0, 0])
    expect(await server.database.sql`select from idempotency_keys where user_id = ${caller.uuid}`).toEqual([])
  })

  test('a cashier charges whom they name, once for each key, and it is written down who did', async () => {
    const [cashier, buyer] = [await server.user('cashier'), await server.user()]
    const idempotencyKey = randomUUID()
    for (let n = 0; n < 3; n++) {
      const answer = await chargeAs(cashier, { userId: buyer.id, idempotencyKey })
      expect(answer.data.chargePoints).toEqual({
        __typename: 'ChargePointsPayload',
        account: { userId: buyer.id, balance: 70 },
      })
    }
    expect(
      await server.database.sql`
      select charged_by, idempotency_key from transfers where user_id = ${buyer.uuid}`,
    ).toEqual([{ charged_by: cashier.uuid, idempotency_key: idempotencyKey }])
    expect(errorCodeOf(await chargeAs(cashier, {}))).toBe('BAD_INPUT')
  })

  test('a cashier is not slowed down by the rate limit of buyers', async () => {
    const slow = await startServer({ CHARGES_BY: 'cashiers', RATE_CHARGES_PER_USER: '1' })
    const [cashier, buyer] = [await slow.user('cashier'), await slow.user()]
    for (let n = 0; n < 5; n++)
      expect(errorCodeOf(await chargeAs(cashier, { userId: buyer.id }))).toBeUndefined()
    await slow.stop()
  })
})

describe('with CHARGES_BY=buyers', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.stop())

  test('it is the default outside production, and a buyer charges their own account and no other', async () => {
    const [buyer, other] = [await server.user(), await server.user()]
    expect(await buyer.request('{ chargesBy }')).toEqual({ chargesBy: 'BUYERS' })
    expect((await charge(buyer, 5)).balance).toBe(5)
    expect(errorCodeOf(await chargeAs(buyer, { userId: other.id }))).toBe('FORBIDDEN')
    expect(await server.database.sql`select charged_by from transfers where user_id = ${buyer.uuid}`).toEqual(
      [{ charged_by: buyer.uuid }],
    )
  })
})
