import { readFileSync } from 'node:fs'
import {
  buildSchema,
  findBreakingChanges,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  printSchema,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { createSchema } from '../../src/schema/index.ts'

const schema = createSchema({ signUp: true })
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const typesOf = (of: GraphQLSchema) =>
  Object.values(of.getTypeMap()).filter(({ name }) => !name.startsWith('__'))

test('the printed schema is the one that is kept: npm run schema renews it', () => {
  expect(printSchema(schema).trim()).toBe(read('schema.graphql').trim())
})

test('without signUp nothing else is missing', () => {
  const signUp = ['Mutation.signUp', 'SignUpInput', 'SignUpPayload']
  const changes = findBreakingChanges(schema, createSchema({ signUp: false }))
  expect(changes.map(({ description }) => signUp.some((name) => description.includes(name)))).toEqual(
    changes.map(() => true),
  )
  expect(changes.length).toBeGreaterThan(0)
})

type Field = GraphQLField<unknown, unknown> | GraphQLInputField

/** Everything that has a description, by its schema coordinate. */
function* described(): Generator<[string, string | null | undefined]> {
  const builtIn = new Set(typesOf(buildSchema('type Query { a: Int }')).map(({ name }) => name))
  for (const type of typesOf(schema)) {
    if (builtIn.has(type.name) && type.name !== 'Query') continue
    yield [type.name, type.description]
    if (isEnumType(type)) {
      for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description]
    }
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const field of Object.values<Field>(type.getFields())) {
        yield [`${type.name}.${field.name}`, field.description]
        const args = 'args' in field ? field.args : []
        for (const arg of args) yield [`${type.name}.${field.name}(${arg.name}:)`, arg.description]
      }
    }
  }
}

test('GraphiQL is the manual: every type, field, argument and value has a description', () => {
  const all = [...described()]
  expect(all.length).toBeGreaterThan(150)
  const silent = all.filter(([, description]) => (description ?? '').trim().length < 3)
  expect(silent.map(([coordinate]) => coordinate)).toEqual([])
})

describe('docs/errors.md', () => {
  const errors = read('docs/errors.md')

  test('lists the codes that there are', () => {
    const [, union = ''] =
      /export type ProblemCode =\n([\s\S]+?)\n\n/.exec(read('src/domain/problem.ts')) ?? []
    const codes = [...union.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(5)
    const listed = [...errors.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, code]) => code)
    expect(listed).toEqual([...codes, 'INTERNAL'])
  })

  test('lists the refusals of each operation, and what each of them is', () => {
    const refusals = new Set(
      schema.getPossibleTypes(schema.getType('Refusal') as never).map(({ name }) => name),
    )
    const expected: string[] = []
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      const type = 'ofType' in field.type ? field.type.ofType : field.type
      if (!isUnionType(type)) continue
      const names = type.getTypes().map(({ name }) => name)
      const good = names.filter((name) => !refusals.has(name))
      const bad = names.filter((name) => refusals.has(name))
      expected.push([field.name, ...good, ...bad.sort()].join(' '))
    }
    const rows = [...errors.matchAll(/^\| `([a-z]\w+)` +\| `(\w+)` +\| (.+?) +\|$/gm)]
    const listed = rows.map(([, operation, good, bad = '']) =>
      [operation, good, ...[...bad.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()].join(' '),
    )
    expect(listed.sort()).toEqual(expected.sort())
    const explained = [...errors.matchAll(/^\| `([A-Z][a-z]\w+)` +\|/gm)].map(([, name]) => name)
    expect(new Set(explained)).toEqual(refusals)
  })
})
