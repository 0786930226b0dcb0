import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { charge, createSale, hold, join, pay, statusOf, type Result } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { errorCodeOf } from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const BALANCE_MAX = 2 ** 53 - 1
const balanceQuery = 'query ($userId: ID) { points(userId: $userId) { userId balance } }'

describe('points', () => {
  test('start at 0, and each key adds its amount once', async () => {
    const user = await server.user()
    expect(await user.request(balanceQuery)).toEqual({ points: { userId: user.id, balance: 0 } })
    const key = randomUUID()
    const charged = await charge(user, 500, key)
    expect(charged).toMatchObject({ __typename: 'ChargePointsPayload', userId: user.id, balance: 500 })
    await charge(user, 1)
    expect(await charge(user, 500, key)).toEqual(charged)
    expect((await charge(user, 499, key)).__typename).toBe('IdempotencyKeyReused')
    expect(await user.request(balanceQuery)).toMatchObject({ points: { balance: 501 } })
  })

  test('are charged up to the highest balance, and not beyond', async () => {
    const user = await server.user()
    expect((await charge(user, BALANCE_MAX)).balance).toBe(BALANCE_MAX)
    expect(await charge(user, 1)).toMatchObject({ __typename: 'BalanceLimitExceeded', limit: BALANCE_MAX })
    expect(await user.request(balanceQuery)).toMatchObject({ points: { balance: BALANCE_MAX } })
  })

  test('of another user are read and charged by operators only', async () => {
    const [owner, other, operator] = [await server.user(), await server.user(), await server.user('operator')]
    const chargeOther = `mutation ($input: ChargePointsInput!) {
      chargePoints(input: $input) { ... on ChargePointsPayload { account { userId balance } } }
    }`
    const input = { userId: owner.id, amount: 70, idempotencyKey: randomUUID() }
    expect(errorCodeOf(await other.send(chargeOther, { input }))).toBe('FORBIDDEN')
    expect(errorCodeOf(await other.send(balanceQuery, { userId: owner.id }))).toBe('FORBIDDEN')
    const account = { userId: owner.id, balance: 70 }
    expect(await operator.request(chargeOther, { input })).toEqual({ chargePoints: { account } })
    expect(await operator.request(balanceQuery, { userId: owner.id })).toEqual({ points: account })
    expect(await owner.request(balanceQuery, { userId: owner.id })).toEqual({ points: account })
    const rows = await server.database.sql`select from transfers join accounts using (user_id)
      where user_id = ${owner.uuid} and amount = 70`
    expect(rows).toHaveLength(1)
  })
})

describe('paying', () => {
  test('with the same key returns the same payment, even with a spent ticket; nothing is paid twice', async () => {
    const { concertId, performanceIds } = await createSale(server)
    const user = await server.user()
    const { token } = await join(user, concertId)
    const held = await hold(user, token, performanceIds[0] ?? '', [1, 2])
    await charge(user, 1_000)
    const key = randomUUID()
    const paid = await pay(user, token, held.id, key)
    expect(paid).toMatchObject({
      __typename: 'PayReservationPayload',
      amount: 200,
      reservation: { status: 'PAID' },
    })
    await expect.poll(async () => (await statusOf(user, token)).__typename).toBe('Finished')

    expect(await pay(user, token, held.id, key)).toEqual(paid)
    expect(await pay(user, token, held.id)).toMatchObject({ __typename: 'AlreadyPaid', paymentId: paid.id })
    expect(await user.request(balanceQuery)).toMatchObject({ points: { balance: 800 } })

    const query = `query ($id: ID!) { reservation(id: $id) { status payment { id amount reservation { id } } } }`
    expect(await user.request(query, { id: held.id })).toEqual({
      reservation: { status: 'PAID', payment: { id: paid.id, amount: 200, reservation: { id: held.id } } },
    })
  })

  test('is refused while the balance is too low, and works with a new key after a charge', async () => {
    const { concertId, performanceIds } = await createSale(server)
    const user = await server.user()
    const { token } = await join(user, concertId)
    const held = await hold(user, token, performanceIds[0] ?? '', [1])
    await charge(user, 99)
    const key = randomUUID()
    const refused: Partial<Result> = { __typename: 'InsufficientPoints', balance: 99, price: 100 }
    expect(await pay(user, token, held.id, key)).toMatchObject(refused)
    await charge(user, 1)
    expect(await pay(user, token, held.id, key)).toMatchObject(refused)
    expect((await pay(user, token, held.id)).__typename).toBe('PayReservationPayload')
    expect(await user.request(balanceQuery)).toMatchObject({ points: { balance: 0 } })
  })

  test('spends the ticket with the last hold, and not before', async () => {
    const { concertId, performanceIds } = await createSale(server)
    const user = await server.user()
    const { token } = await join(user, concertId)
    const holds = [1, 2].map((seat) => hold(user, token, performanceIds[0] ?? '', [seat]))
    const [first, second] = await Promise.all(holds)
    await charge(user, 200)
    await pay(user, token, first?.id ?? '')
    expect((await statusOf(user, token)).__typename).toBe('Admitted')
    await pay(user, token, second?.id ?? '')
    await expect.poll(async () => (await statusOf(user, token)).__typename).toBe('Finished')
    const again = await join(user, concertId)
    expect(again.token).not.toBe(token)
  })
})
