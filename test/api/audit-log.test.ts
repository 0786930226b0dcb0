import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorCodeOf, updateQueue } from '../support/operations.ts'
import { charge, createSale } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

describe('the audit log', () => {
  interface Entry {
    operatorId: string
    action: string
    concert: { id: string } | null
    userId: string | null
    changes: { name: string; before: string | null; after: string | null }[]
  }
  const query = `query ($id: ID, $first: Int, $after: String) {
    auditLog(concertId: $id, first: $first, after: $after) {
      pageInfo { endCursor hasNextPage }
      edges { node { operatorId action concert { id } userId changes { name before after } } } } }`
  const list = async (operator: TestUser, variables: object) => {
    const { auditLog } = await operator.request<{
      auditLog: {
        pageInfo: { endCursor: string; hasNextPage: boolean }
        edges: { node: Entry }[]
      }
    }>(query, variables)
    return { ...auditLog.pageInfo, entries: auditLog.edges.map(({ node }) => node) }
  }

  test('has each change, the newest first, with the operator and the values before and after', async () => {
    const { operator, concertId } = await createSale(server, { capacity: 3 })
    const other = await server.user('operator')
    await updateQueue(operator, { concertId, capacity: 5, ratePerSecond: 1.5 })
    await updateQueue(other, { concertId, paused: true })
    const { entries, endCursor } = await list(operator, { id: concertId, first: 2 })
    const change = { action: 'UPDATE_QUEUE', concert: { id: concertId }, userId: null }
    expect(entries).toEqual([
      { ...change, operatorId: other.id, changes: [{ name: 'paused', before: 'false', after: 'true' }] },
      {
        ...change,
        operatorId: operator.id,
        changes: expect.arrayContaining([
          { name: 'capacity', before: '3', after: '5' },
          { name: 'ratePerSecond', before: null, after: '1.5' },
        ]) as Entry['changes'],
      },
    ])
    const rest = await list(operator, { id: concertId, first: 2, after: endCursor })
    expect(rest.entries).toMatchObject([{ action: 'CREATE_CONCERT', operatorId: operator.id }])
    expect(rest.hasNextPage).toBe(false)
  })

  test('has a charge by an operator once, and no charge by the user', async () => {
    const [operator, user] = [await server.user('operator'), await server.user()]
    await charge(user, 10)
    const mutation = `mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { __typename } }`
    const input = { userId: user.id, amount: 5, idempotencyKey: randomUUID() }
    await Promise.all([operator.request(mutation, { input }), operator.request(mutation, { input })])
    const { entries } = await list(operator, { first: 100 })
    expect(entries.filter(({ userId }) => userId === user.id)).toEqual([
      {
        operatorId: operator.id,
        action: 'CHARGE_POINTS',
        concert: null,
        userId: user.id,
        changes: [{ name: 'balance', before: '10', after: '15' }],
      },
    ])
  })

  test('cannot be changed or deleted', async () => {
    await createSale(server)
    const { sql } = server.database
    await expect(sql`update audit_log set action = 'updateQueue'`).rejects.toThrow('append-only')
    await expect(sql`delete from audit_log`).rejects.toThrow('append-only')
  })

  test('has no entry for a refused change', async () => {
    const user = await server.user('operator')
    const unknown = Buffer.from(`Concert:${randomUUID()}`).toString('base64')
    expect(errorCodeOf(await updateQueue(user, { concertId: unknown, paused: true }))).toBe('NOT_FOUND')
    const { entries } = await list(user, { first: 100 })
    expect(entries.filter(({ operatorId }) => operatorId === user.id)).toEqual([])
  })

  test('has ids that node does not load', async () => {
    const { operator } = await createSale(server)
    const { endCursor } = await list(operator, { first: 1 })
    const answer = await operator.send('query ($id: ID!) { node(id: $id) { id } }', { id: endCursor })
    expect(errorCodeOf(answer)).not.toBe('INTERNAL')
  })

  test('is read by operators only', async () => {
    const user = await server.user()
    expect(errorCodeOf(await user.send(query))).toBe('FORBIDDEN')
    expect(errorCodeOf(await user.send(query, {}, { accessToken: undefined }))).toBe('UNAUTHENTICATED')
  })
})
