/** The cost of a document is found with work that is linear in the document, before it is validated, compiled or kept. */
import { getIntrospectionQuery, parse } from 'graphql'
import { expect, test } from 'vitest'
import { countJitFields } from '../../src/graphql/jit.ts'
import { measureDocument } from '../../src/graphql/document-size.ts'
import { createDocumentCache } from '../../src/graphql/document-cache.ts'
import { createSchema } from '../../src/schema/index.ts'

const schema = createSchema({ signUp: true })
const documents = createDocumentCache(schema, { introspection: true })

/** Each level spreads the next one twice, in a field of its own or not. */
const levels = (count: number, spread: (name: string) => string): string =>
  `{ me { ...F0 } } ${Array.from({ length: count }, (_, i) => `fragment F${i} on User { ${spread(`...F${i + 1}`)} }`).join(' ')}
   fragment F${count} on User { id }`

test.each([
  ['side by side', (name: string) => `${name} ${name}`],
  ['in inline fragments', (name: string) => `... { ${name} } ... { ${name} }`],
])('fragments that spread each other twice %s are measured once each', (_, spread) => {
  const [ten, forty] = [10, 40].map((count) => measureDocument(parse(levels(count, spread))))
  expect(ten?.operation.fields).toBe(1 + 2 ** 10)
  expect(forty?.operation.fields).toBe(1 + 2 ** 40)
  // Selection sets, not paths: four times the levels are about four times the work.
  expect(forty?.measured).toBeLessThan(4.5 * (ten?.measured ?? 0))
  const document = documents.parse(levels(40, spread))
  expect(documents.validate(document).map(({ message }) => message)).toEqual([
    'This operation asks for too much at once. Split it up.',
  ])
  expect(documents.bytes()).toBe(0)
})

test('an unused fragment is bounded like an operation, because validation compares its fields in pairs', () => {
  const unused = (count: number): readonly string[] =>
    documents
      .validate(parse(`{ me { id } } fragment Unused on Query { ${'me { id } '.repeat(count)} }`))
      .map(({ message }) => message)
  expect(unused(200)).toEqual(['Fragment "Unused" is never used.'])
  expect(unused(201)).toEqual(['This operation asks for too much at once. Split it up.'])
})

test.each([
  ['one operation', (fields: string) => `{ ${fields} }`],
  ['a fragment', (fields: string) => `{ ...Fields } fragment Fields on Query { ${fields} }`],
])('%s has at most 40 fields with arguments under the same name', (_, documentOf) => {
  const repeated = (count: number): readonly string[] =>
    documents
      .validate(parse(documentOf('concert(id: "x") { id } '.repeat(count))))
      .map(({ message }) => message)
  expect(repeated(40)).toEqual([])
  expect(repeated(41)).toEqual(['This operation asks for too much at once. Split it up.'])
})

test.each(['\n', '\r', '\r\n'])('a document has at most 2,000 lines: every error counts them (%j)', (end) => {
  expect(documents.parse(`${end.repeat(1_999)}{ me { id } }`).definitions).toHaveLength(1)
  expect(() => documents.parse(`${end.repeat(2_000)}{ me { id } }`)).toThrow(
    'A document can be at most 2000 lines long.',
  )
})

test('what GraphiQL asks for is within the limits, and twice as much is not', () => {
  const query = getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true, oneOf: true })
  expect(documents.validate(parse(query))).toEqual([])
  const twice = query.replace('__schema {', 'again: __schema { types { ...FullType } } __schema {')
  expect(documents.validate(parse(twice))).toHaveLength(1)
})

test.each([
  ['text in a literal, which would become code', '{ concert(id: "x") { id } }'],
  ['a condition', 'query ($a: Boolean!) { me { id @include(if: $a) } }'],
  ['a mutation', 'mutation ($i: ChargePointsInput!) { chargePoints(input: $i) { __typename } }'],
  ['several operations', 'query A { me { id } } query B { me { id } }'],
  ['names that are joined with _', '{ a_b: me { id } }'],
  ['a default', 'query ($id: ID = "x") { points(userId: $id) { balance } }'],
])('%s is left to graphql-js', (_, query) => {
  const document = documents.parse(query)
  expect(documents.validate(document)).toEqual([])
  expect(countJitFields(schema, document)).toBe(0)
})

test('what clients ask for most is compiled', () => {
  const query = 'query ($id: ID!) { performance(id: $id) { seats { number status price } } }'
  expect(countJitFields(schema, parse(query))).toBe(5)
})
