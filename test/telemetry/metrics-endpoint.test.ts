/** The metrics of a sale are confidential. */
import { afterEach, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer | undefined
afterEach(() => server?.stop())

const token = 'a token that is long enough for a scraper'

async function statuses(overrides: Record<string, string>): Promise<number[]> {
  const { url } = (server = await startServer(overrides))
  const shown = [undefined, `Bearer ${token}`, `Bearer ${token}x`, 'Bearer ', `Basic ${token}`, token]
  const answers = shown.map(async (authorization) => {
    const headers = authorization === undefined ? {} : { authorization }
    const response = await fetch(new URL('/metrics', url), { headers })
    const text = await response.text()
    expect(text.includes('stagedoor_')).toBe(response.status === 200)
    return response.status
  })
  return Promise.all(answers)
}

test('with a token they are for who shows it', async () => {
  expect(await statuses({ METRICS_TOKEN: token })).toEqual([401, 200, 401, 401, 401, 401])
})

test('without one they are open in development', async () => {
  expect(await statuses({})).toEqual([200, 200, 200, 200, 200, 200])
})

test('and for nobody in production', async () => {
  expect(await statuses({ NODE_ENV: 'production' })).toEqual([404, 404, 404, 404, 404, 404])
})
