import { readdirSync, readFileSync } from 'node:fs'
import { getVariableValues, parse, print, validate, type OperationDefinitionNode } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
const operations = readdirSync('client/operations').map((file) =>
  print(parse(readFileSync(`client/operations/${file}`, 'utf8'))),
)
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

test('it opens with the tabs, and the access token of a new user', async () => {
  const html = await (await page(server)).text()
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

test('each tab is an operation of the client, with variables that fit', () => {
  const schema = createSchema({ signUp: true })
  for (const { query, variables } of allTabs) {
    const document = parse(query ?? '')
    expect(validate(schema, document)).toEqual([])
    expect(operations).toContain(print(document))
    const [operation] = document.definitions as [OperationDefinitionNode]
    const { errors } = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      JSON.parse(variables ?? '{}') as Record<string, unknown>,
    )
    expect(errors ?? []).toEqual([])
  }
})
