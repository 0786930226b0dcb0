import { readdirSync, readFileSync } from 'node:fs'
import { parse, print } from 'graphql'
import { expect, test } from 'vitest'
import { printClientDocuments } from '../../scripts/client-documents.ts'

test('the operations fit schema.graphql, and client/documents.ts has them all (npm run schema writes it)', async () => {
  expect(readFileSync('client/documents.ts', 'utf8')).toBe(await printClientDocuments())
})

const operations = new Set(
  readdirSync('client/operations').map((file) =>
    print(parse(readFileSync(`client/operations/${file}`, 'utf8'))),
  ),
)

test.each(['README.md', 'README.ko.md'])(
  'every GraphQL example of %s is an operation of the client',
  (file) => {
    const examples = [...readFileSync(file, 'utf8').matchAll(/```graphql\n([\s\S]*?)```/g)].map(
      ([, text]) => text ?? '',
    )
    for (const example of examples) expect(operations).toContain(print(parse(example)))
  },
)
