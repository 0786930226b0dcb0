import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { letDatesPass } from '../support/arrange.ts'
import { createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { errorCodeOf } from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const datesQuery = `query ($id: ID!, $bookable: Boolean) {
  performances(concertId: $id, bookableOnly: $bookable) { id startsAt seatCount availableSeatCount concert { id } }
}`
interface Date {
  id: string
  startsAt: string
  seatCount: number
  availableSeatCount: number
}

describe('concerts', () => {
  const pageQuery = `query ($first: Int, $after: String, $last: Int, $before: String) {
    concerts(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`
  interface Page {
    edges: { cursor: string; node: { id: string } }[]
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
  }

  test('are public, and paged forwards and backwards', async () => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await createSale(server)).concertId)
    const user = await server.user()
    const page = async (args: object): Promise<Page> =>
      (await user.request<{ concerts: Page }>(pageQuery, args, { accessToken: undefined })).concerts
    const idsOf = ({ edges }: Page) => edges.map(({ node }) => node.id)

    expect(idsOf(await page({}))).toEqual(ids)
    const first = await page({ first: 2 })
    expect(idsOf(first)).toEqual(ids.slice(0, 2))
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
    expect(first.pageInfo.startCursor).toBe(first.edges[0]?.cursor)
    const rest = await page({ first: 10, after: first.pageInfo.endCursor })
    expect(idsOf(rest)).toEqual(ids.slice(2))
    expect(rest.pageInfo.hasNextPage).toBe(false)
    const last = await page({ last: 2 })
    expect(idsOf(last)).toEqual(ids.slice(3))
    expect(last.pageInfo).toMatchObject({ hasPreviousPage: true, hasNextPage: false })
    expect(idsOf(await page({ last: 2, before: last.pageInfo.startCursor }))).toEqual(ids.slice(1, 3))
    expect((await page({ first: 0 })).edges).toEqual([])
  })

  test('are found by id; an unknown id gives null', async () => {
    const { concertId, operator } = await createSale(server)
    const query = 'query ($id: ID!) { concert(id: $id) { id title queue { capacity } } }'
    const { concert } = await operator.request<{ concert: object }>(query, { id: concertId })
    expect(concert).toEqual({ id: concertId, title: 'Rehearsal', queue: { capacity: 100 } })
    const unknown = Buffer.from('Concert:00000000-0000-4000-8000-000000000000').toString('base64')
    expect(await operator.request(query, { id: unknown })).toEqual({ concert: null })
  })
})

describe('dates', () => {
  test('can be booked if they are in the future and have an available seat; bookableOnly: false returns all', async () => {
    const sale = await createSale(server, { dates: 3, seatCount: 2 })
    const [past = '', soldOut = '', free = ''] = sale.performanceIds
    const user = await server.user()
    const { token } = await join(user, sale.concertId)
    await letDatesPass(server.database, past)
    expect((await hold(user, token, soldOut, [1, 2])).__typename).toBe('HoldSeatsPayload')
    expect((await hold(user, token, free, [2])).__typename).toBe('HoldSeatsPayload')

    const dates = async (bookable?: boolean | null) =>
      (
        await user.request<{ performances: Date[] }>(
          datesQuery,
          { id: sale.concertId, bookable },
          { queueToken: token },
        )
      ).performances
    const bookable = await dates()
    expect(bookable.map(({ id, availableSeatCount }) => [id, availableSeatCount])).toEqual([[free, 1]])
    expect(await dates(true)).toEqual(bookable)
    expect(await dates(null)).toEqual(bookable)
    expect((await dates(false)).map(({ id }) => id)).toEqual(sale.performanceIds)
  })

  test('need an access token, and the caller’s own admitted ticket for this concert', async () => {
    const sale = await createSale(server, { capacity: 2 })
    const other = await createSale(server)
    const [user, friend, waiting] = [await server.user(), await server.user(), await server.user()]
    const { token } = await join(user, sale.concertId)
    const { token: friends } = await join(friend, sale.concertId)
    const { token: waits } = await join(waiting, sale.concertId)
    const { token: elsewhere } = await join(user, other.concertId)
    const variables = { id: sale.concertId }

    expect((await user.send(datesQuery, variables, { queueToken: token })).errors).toBeUndefined()
    for (const [who, credentials, code] of [
      [user, {}, 'QUEUE_TICKET_INVALID'],
      [user, { queueToken: token, accessToken: undefined }, 'UNAUTHENTICATED'],
      [user, { queueToken: friends }, 'QUEUE_TICKET_INVALID'],
      [user, { queueToken: elsewhere }, 'QUEUE_TICKET_INVALID'],
      [waiting, { queueToken: waits }, 'NOT_ADMITTED'],
    ] as const) {
      expect(errorCodeOf(await who.send(datesQuery, variables, credentials))).toBe(code)
      const byId = 'query ($id: ID!) { performance(id: $id) { id } }'
      const one = await who.send(byId, { id: sale.performanceIds[0] }, credentials)
      expect([errorCodeOf(one), one.data]).toEqual([code, { performance: null }])
    }
  })
})
