import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { letDatesPass } from '../support/arrange.ts'
import { createSale, join, statusOf, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import {
  errorCodeOf,
  issueQueueToken,
  leaveQueue,
  queueFields,
  queueTicket,
  type Queue,
} from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const queueOf = async ({ concertId, operator }: Sale): Promise<Queue> => {
  const query = `query ($id: ID!) { concert(id: $id) { queue { ${queueFields} } } }`
  return (await operator.request<{ concert: { queue: Queue } }>(query, { id: concertId })).concert.queue
}

describe('joining', () => {
  test('a hundred times gives one place and the same token', async () => {
    const sale = await createSale(server)
    const user = await server.user()
    const tickets = await Promise.all(Array.from({ length: 100 }, () => join(user, sale.concertId)))
    expect(new Set(tickets.map(({ token }) => token)).size).toBe(1)
    expect(await queueOf(sale)).toMatchObject({ admittedCount: 1, waitingCount: 0 })
  })

  test('admits at once while the capacity allows it, and then queues in the order of the requests', async () => {
    const sale = await createSale(server, { capacity: 2 })
    const users = await Promise.all(Array.from({ length: 5 }, () => server.user()))
    const statuses = []
    for (const user of users) statuses.push((await join(user, sale.concertId)).status)
    expect(statuses.map((status) => status.position ?? status.__typename)).toEqual([
      'Admitted',
      'Admitted',
      1,
      2,
      3,
    ])
    expect(await queueOf(sale)).toMatchObject({ admittedCount: 2, waitingCount: 3, capacity: 2 })
  })

  test('returns the owner and the concert of the ticket', async () => {
    const { concertId } = await createSale(server)
    const user = await server.user()
    const answer = await issueQueueToken(user, { concertId, userId: user.id })
    expect(answer.data.issueQueueToken).toMatchObject({
      __typename: 'IssueQueueTokenPayload',
      ticket: { userId: user.id, concert: { id: concertId } },
    })
  })

  test('is refused when the last date has passed', async () => {
    const { concertId } = await createSale(server, { dates: 2 })
    await letDatesPass(server.database, concertId)
    const { data } = await issueQueueToken(await server.user(), { concertId })
    expect(data.issueQueueToken.__typename).toBe('SalesClosed')
    expect(data.issueQueueToken.message).not.toBe('')
  })

  test('needs an access token, and a concert that exists', async () => {
    const { concertId, operator } = await createSale(server)
    const user = await server.user()
    expect(errorCodeOf(await issueQueueToken(user, { concertId: operator.id }))).toBe('BAD_INPUT')
    const unknown = Buffer.from('Concert:00000000-0000-4000-8000-000000000000').toString('base64')
    expect(errorCodeOf(await issueQueueToken(user, { concertId: unknown }))).toBe('NOT_FOUND')
    const query = 'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { __typename } }'
    const nobody = await user.send(query, { id: concertId }, { accessToken: undefined })
    expect(errorCodeOf(nobody)).toBe('UNAUTHENTICATED')
  })
})

describe('a ticket', () => {
  test('is read with the token in X-Queue-Token or in the argument, without an access token', async () => {
    const { concertId } = await createSale(server)
    const user = await server.user()
    const { token } = await join(user, concertId)
    const anonymous = { accessToken: undefined }
    for (const answer of [
      await queueTicket(user, token, anonymous),
      await queueTicket(user, undefined, { ...anonymous, queueToken: token }),
    ]) {
      expect(answer.data.queueTicket).toMatchObject({ token, status: { __typename: 'Admitted' } })
    }
    expect(errorCodeOf(await queueTicket(user))).toBe('QUEUE_TICKET_INVALID')
  })

  test('frees its slot at once when it is given up; joining again gives a place at the end', async () => {
    const { concertId } = await createSale(server, { capacity: 1 })
    const [first, second, third] = [await server.user(), await server.user(), await server.user()]
    const left = await join(first, concertId)
    const next = await join(second, concertId)
    await join(third, concertId)

    const { data } = await leaveQueue(first, left.token)
    expect(data.leaveQueue.ticket.status).toEqual({ __typename: 'Lapsed', reason: 'LEFT' })
    expect((await statusOf(second, next.token)).__typename).toBe('Admitted')

    const again = await join(first, concertId)
    expect(again.token).not.toBe(left.token)
    expect(again.status).toMatchObject({ __typename: 'Waiting', position: 2 })
    expect(await statusOf(first, left.token)).toMatchObject({ __typename: 'Lapsed', reason: 'LEFT' })
    expect((await leaveQueue(first, left.token)).data.leaveQueue.ticket.status.__typename).toBe('Lapsed')
    expect(await statusOf(first, again.token)).toMatchObject({ __typename: 'Waiting', position: 2 })
  })
})

describe('for another user', () => {
  test('only operators join and leave', async () => {
    const { concertId, operator } = await createSale(server)
    const [owner, other] = [await server.user(), await server.user()]

    expect(errorCodeOf(await issueQueueToken(other, { concertId, userId: owner.id }))).toBe('FORBIDDEN')
    const { data } = await issueQueueToken(operator, { concertId, userId: owner.id })
    const { token, userId } = data.issueQueueToken.ticket
    expect(userId).toBe(owner.id)
    expect((await join(owner, concertId)).token).toBe(token)

    expect(errorCodeOf(await leaveQueue(other, token))).toBe('FORBIDDEN')
    expect((await statusOf(owner, token)).__typename).toBe('Admitted')
    expect((await leaveQueue(operator, token)).data.leaveQueue.ticket.status.reason).toBe('LEFT')
  })
})
