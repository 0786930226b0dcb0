import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { chargePoints, loadAccounts } from '../../src/db/points.ts'
import { BALANCE_MAX } from '../../src/domain/points.ts'
import { BalanceLimitExceeded, IdempotencyKeyReused } from '../../src/domain/refusals.ts'
import { expectInvariants } from '../support/invariants.ts'
import { openTestDb } from '../support/test-db.ts'
import { chargeArgs, createBuyer, createConcertFixture } from '../support/fixtures.ts'

const { db, sql } = await openTestDb()
const concert = await createConcertFixture(db)

test('charges add up, and each returns the balance right after it', async () => {
  const { userId, ...buyer } = createBuyer(concert)
  const charge = (amount: number) => chargePoints(db, chargeArgs({ userId, ...buyer }, amount))
  expect(await loadAccounts(db, [userId])).toEqual([])
  expect(await charge(100)).toEqual({ userId, balance: 100 })
  expect(await charge(1)).toEqual({ userId, balance: 101 })
  expect(await loadAccounts(db, [userId])).toEqual([{ userId, balance: 101 }])
  expect(await sql`select amount::int from transfers where user_id = ${userId} order by id`).toEqual([
    { amount: 100 },
    { amount: 1 },
  ])
  await expectInvariants(sql)
})

test('a balance can reach 2^53 − 1, and not exceed it', async () => {
  const buyer = createBuyer(concert)
  const full = BALANCE_MAX - 1
  expect((await chargePoints(db, chargeArgs(buyer, full))).balance).toBe(full)
  await expect(chargePoints(db, chargeArgs(buyer, 2))).rejects.toEqual(new BalanceLimitExceeded(BALANCE_MAX))
  expect((await chargePoints(db, chargeArgs(buyer, 1))).balance).toBe(BALANCE_MAX)
  await expect(chargePoints(db, chargeArgs(buyer, BALANCE_MAX))).rejects.toEqual(
    new BalanceLimitExceeded(BALANCE_MAX),
  )
  expect(await loadAccounts(db, [buyer.userId])).toEqual([{ userId: buyer.userId, balance: BALANCE_MAX }])
})

test('a repeated charge is applied once, and answered as before', async () => {
  const buyer = createBuyer(concert)
  const first = chargeArgs(buyer, 100)
  const answer = await chargePoints(db, first)
  await chargePoints(db, chargeArgs(buyer, 50))
  expect(await chargePoints(db, first)).toEqual(answer)
  await expect(chargePoints(db, { ...first, amount: 101 })).rejects.toEqual(new IdempotencyKeyReused())
  expect(await loadAccounts(db, [buyer.userId])).toMatchObject([{ balance: 150 }])
})

test('a key belongs to the caller: an operator and a user can use the same key', async () => {
  const buyer = createBuyer(concert)
  const own = chargeArgs(buyer, 100)
  const operators = { ...own, actorId: randomUUID() }
  await chargePoints(db, own)
  expect((await chargePoints(db, operators)).balance).toBe(200)
  expect((await chargePoints(db, operators)).balance).toBe(200)
  const another = { ...operators, userId: randomUUID() }
  await expect(chargePoints(db, another)).rejects.toEqual(new IdempotencyKeyReused())
})
