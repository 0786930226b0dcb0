import { parse, validate } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSchema } from '../../src/schema/index.ts'
import { graphiqlOptions } from '../../src/http/graphiql.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const page = async ({ url }: TestServer) => fetch(url, { headers: { accept: 'text/html' } })
const tabs = (options = graphiqlOptions('buyers')) => options.defaultTabs ?? []
const allTabs = [...tabs(), ...tabs(graphiqlOptions('cashiers'))]

test('GraphiQL loads with no network: nothing on the page comes from elsewhere', async () => {
  const response = await page(server)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('text/html')
  const html = await response.text()
  const markup = html.replace(/(<(script|style)\b[^>]*>)[\s\S]*?(?=<\/\2>)/g, '$1')
  const fetched = [...markup.matchAll(/<[a-z]+\b[^>]*?\b(?:src|href|action)\s*=\s*["']?([^"'\s>]+)/gi)]
  expect(
    fetched.map(([, address]) => address).filter((address) => /^(https?:)?\/\//.test(address ?? '')),
  ).toEqual([])
  for (const [style] of html.matchAll(/<style\b[\s\S]*?<\/style>/g))
    expect(style).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\//)
  expect(html).toContain('<title>Stagedoor</title>')
})

test('it opens with the tabs, and an access token of somebody new', async () => {
  const html = await (await page(server)).text()
  // The token in the headers is another one each time; the operations are as they are.
  for (const { query } of tabs()) expect(html).toContain(JSON.stringify(query).slice(1, -1))
  const [, accessToken] = /Bearer ([\w-]+\.[\w-]+\.[\w-]+)/.exec(html) ?? []
  const user = await server.user()
  expect(await user.request('{ me { name } }', {}, { accessToken })).toEqual({ me: { name: '' } })
})

test('it says who may charge points', async () => {
  const cashiers = await startServer({ CHARGES_BY: 'cashiers' })
  expect(await (await page(server)).text()).not.toContain('CHARGES_BY')
  expect(await (await page(cashiers)).text()).toContain('CHARGES_BY=cashiers')
  await cashiers.stop()
})

test('in production there is no GraphiQL, and the API is the same', async () => {
  const production = await startServer({ NODE_ENV: 'production' })
  const response = await page(production)
  expect(await response.text()).not.toContain('<script')
  expect(await (await production.user()).request('{ __typename }')).toEqual({ __typename: 'Query' })
  await production.stop()
})

describe('each operation of the tabs', () => {
  const schema = createSchema({ signUp: true })
  test.each(allTabs.map(({ query }, index) => [index + 1, query ?? ''] as const))(
    'of tab %d fits the schema',
    (_, query) => {
      const document = parse(query)
      expect(validate(schema, document)).toEqual([])
      expect(document.definitions.length).toBeGreaterThan(0)
    },
  )

  test.each(allTabs.map(({ query, variables }, index) => [index + 1, query ?? '', variables] as const))(
    'of tab %d finds its variables ready to fill in',
    (_, query, variables) => {
      const wanted = [...query.matchAll(/\$(\w+):/g)].map(([, name]) => name)
      const ready = Object.keys(JSON.parse(variables ?? '{}') as object)
      expect([...new Set(wanted)].sort()).toEqual(ready.sort())
    },
  )
})
