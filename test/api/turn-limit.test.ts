import { expect, test } from 'vitest'
import { createSale, join, statusOf } from '../support/purchase.ts'
import { startServer } from '../support/server.ts'
import { cancel } from '../support/operations.ts'

test('holding and cancelling again and again does not extend a turn beyond its longest length', async () => {
  const server = await startServer({ HOLD_SECONDS: '2', ADMISSION_SECONDS: '2', CLAIM_SECONDS: '60' })
  const { concertId, performanceIds } = await createSale(server, { capacity: 1 })
  const [hoarder, next] = [await server.user(), await server.user()]
  const { token } = await join(hoarder, concertId)
  const waiting = await join(next, concertId)
  const holdOnce = async () => {
    const { data, errors } = await hoarder.send<{ holdSeats: { reservation: { id: string } } }>(
      `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on HoldSeatsPayload { reservation { id } } } }`,
      { input: { performanceId: performanceIds[0], seatNumbers: [1], idempotencyKey: crypto.randomUUID() } },
      { queueToken: token },
    )
    if (!errors) await cancel(hoarder, data.holdSeats.reservation.id)
    return !errors
  }
  expect(await holdOnce()).toBe(true)
  await expect
    .poll(async () => [await holdOnce(), (await statusOf(next, waiting.token)).__typename], { interval: 100 })
    .toEqual([false, 'Admitted'])
  expect(await statusOf(hoarder, token)).toMatchObject({ __typename: 'Lapsed', reason: 'ADMISSION_EXPIRED' })
  await server.stop()
})
