/** The docs name files, tests and variables that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildSchema, Kind, parse, validate } from 'graphql'
import { expect, test } from 'vitest'

const FOLDERS = ['.', 'docs', 'docs/decisions', 'client', 'test/faults']
const pages = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)
const read = (path: string): string => readFileSync(path, 'utf8')

test.each(pages)('%s links to files that exist', (page) => {
  const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(
    ([, target = '']) => target,
  )
  expect(targets.filter((target) => !existsSync(join(dirname(page), target)))).toEqual([])
})

// CONTRIBUTING.md shows how to add files that do not exist.
test.each(pages.filter((page) => page !== 'CONTRIBUTING.md'))('%s names files that exist', (page) => {
  const roots = ['.', 'src', 'src/queue/lua', dirname(page)]
  const files = [...read(page).matchAll(/`([\w.-]+(?:\/[\w.-]+)+\.(?:tsx?|sql|lua|md|graphql))`/g)]
  const missing = files.filter(([, file = '']) => !roots.some((root) => existsSync(join(root, file))))
  expect(missing.map(([, file]) => file)).toEqual([])
})

test.each(['README.md', 'README.ko.md', 'docs/errors.md'])('the operations in %s fit the schema', (page) => {
  const schema = buildSchema(read('schema.graphql'))
  const blocks = [...read(page).matchAll(/```graphql\n(.+?)```/gs)].map(([, text = '']) => text)
  const curl = [...read(page).matchAll(/"query": "(.+?)"\}/g)].map(([, text = '']) => text)
  expect(blocks.length).toBeGreaterThan(0)
  for (const operation of [...blocks, ...curl].flatMap((text) => parse(text).definitions)) {
    expect(validate(schema, { kind: Kind.DOCUMENT, definitions: [operation] })).toEqual([])
  }
})

test('docs/security.md names tests that exist', () => {
  const names = [
    ...read('docs/security.md').matchAll(/`((?:api|attacks|auth|db|graphql|pages|queue|schema)\/[\w/-]+)`/g),
  ]
  expect(names.length).toBeGreaterThan(50)
  const missing = names.filter(
    ([, name = '']) => !existsSync(`test/${name}.test.ts`) && !existsSync(`test/${name}.slow.test.ts`),
  )
  expect(missing.map(([, name]) => name)).toEqual([])
})

test('docs/configuration.md lists every variable that a server reads, and no other', () => {
  const config = [...read('src/config.ts').matchAll(/^ {4}([A-Z][A-Z_]+):/gm)].map(([, name]) => name)
  const listed = [...read('docs/configuration.md').matchAll(/`([A-Z][A-Z_]{3,})`/g)].map(([, name]) => name)
  expect(config.length).toBeGreaterThan(40)
  expect([...new Set(listed)].sort()).toEqual(config.sort())
})

test('docs/architecture.md follows three operations through files and functions that exist', () => {
  const [, walks = ''] =
    /## Three operations, stop by stop\n(.+?)\n## The queue/s.exec(read('docs/architecture.md')) ?? []
  const operations = walks.split('\n### ').slice(1)
  expect(operations).toHaveLength(3)
  for (const operation of operations) {
    const stops = [...operation.matchAll(/^\d+\. `([\w/.-]+)`\s+`(\w+)`/gm)]
    expect(stops.length).toBe(operation.match(/^\d+\. /gm)?.length)
    expect(stops.length).toBeLessThanOrEqual(8)
    for (const [, file = '', name = ''] of stops)
      expect(read(file), file).toMatch(new RegExp(`\\b${name}\\b`))
  }
})
