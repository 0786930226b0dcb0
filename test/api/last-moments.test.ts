import { expect, test } from 'vitest'
import { createSale, hold, join, statusOf } from '../support/purchase.ts'
import { startServer } from '../support/server.ts'

test('who asks for seats at the end of their turn is not thrown out while that is decided', async () => {
  const server = await startServer({ CLAIM_SECONDS: '4', ADMISSION_SECONDS: '4' })
  const { concertId, performanceIds } = await createSale(server)
  const [date = ''] = performanceIds
  const [owner, late] = [await server.user(), await server.user()]
  await hold(owner, (await join(owner, concertId)).token, date, [1])
  const { token } = await join(late, concertId)
  const secondsLeft = async () => (Date.parse((await statusOf(late, token)).until ?? '') - Date.now()) / 1_000
  const dates = 'query ($id: ID!) { performances(concertId: $id) { id } }'
  for (let times = 0; times < 2; times++) await late.ask(dates, { id: concertId }, { queueToken: token })
  expect(await secondsLeft()).toBeLessThan(5)
  // Nothing comes of it, so nothing but the asking keeps them in.
  expect(await hold(late, token, date, [1])).toMatchObject({ __typename: 'SeatTaken' })
  expect(await secondsLeft()).toBeGreaterThan(8)
  await server.stop()
})
