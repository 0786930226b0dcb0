import { expect, test } from 'vitest'
import { createSale, hold, join, statusOf } from '../support/purchase.ts'
import { startServer } from '../support/server.ts'

test('who asks for seats at the end of their turn is not thrown out while that is decided', async () => {
  const server = await startServer({ CLAIM_SECONDS: '8', ADMISSION_SECONDS: '8' })
  const { concertId, performanceIds } = await createSale(server)
  const [date = ''] = performanceIds
  const [owner, late] = [await server.user(), await server.user()]
  await hold(owner, (await join(owner, concertId)).token, date, [1])
  const { token } = await join(late, concertId)
  const until = async () => Date.parse((await statusOf(late, token)).until ?? '')
  const dates = 'query ($id: ID!) { performances(concertId: $id) { id } }'
  for (let times = 0; times < 2; times++) await late.request(dates, { id: concertId }, { queueToken: token })
  const before = await until()
  // Nothing comes of it, so nothing but the asking keeps them in.
  expect(await hold(late, token, date, [1])).toMatchObject({ __typename: 'SeatTaken' })
  // Ten seconds from now on, and before it was eight.
  expect((await until()) - before).toBeGreaterThanOrEqual(2_000)
  await server.stop()
})
