/** The result of an operation depends on its document, its variables and the data, not on its path or on repetition. */
import { execute, getOperationAST, OperationTypeNode, parse, subscribe, type ExecutionResult } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { complexityExceeded, operationErrors } from '../../src/graphql/complexity.ts'
import { maskResult } from '../../src/graphql/mask-errors.ts'
import { createSchema } from '../../src/schema/index.ts'
import { createRandom, generate, type GeneratedDocument } from './generate-documents.ts'
import { stubResolvers, type Effects } from './stub-resolvers.ts'
import { asSent, REQUEST_ID, startStubServer } from './stub-server.ts'

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const OPERATIONS = 10_000
/** The third one is compiled, if it may be. */
const REPETITIONS = 4

const schema = createSchema({ signUp: true })
stubResolvers(schema)

let server: Awaited<ReturnType<typeof startStubServer>>
beforeAll(async () => {
  server = await startStubServer(schema)
})
afterAll(() => server.stop())

/** The result and the effects, as text. */
const textOf = ({ errors, data }: ExecutionResult, { effects }: Effects): string =>
  JSON.stringify({ errors, data, effects })

/** Of graphql-js, with a document of its own. */
async function expectedOf({ query, variables, operationName }: GeneratedDocument, type: OperationTypeNode) {
  const contextValue: Effects & { requestId: string } = { effects: [], requestId: REQUEST_ID }
  const args = { schema, document: parse(query), variableValues: variables, operationName, contextValue }
  const run = async (): Promise<ExecutionResult> => {
    const errors = operationErrors(args)
    if (errors) return { errors }
    if (type !== OperationTypeNode.SUBSCRIPTION) return execute(args)
    const results = await subscribe(args)
    return Symbol.asyncIterator in results ? ((await results.next()).value as ExecutionResult) : results
  }
  return textOf(asSent(maskResult(await run(), () => REQUEST_ID, contextValue)), contextValue)
}

/** The paths over a network; event streams and WebSockets carry every operation. */
function pathsFor(type: OperationTypeNode): string[] {
  if (type === OperationTypeNode.SUBSCRIPTION) return ['server-sent events', 'WebSocket']
  const paths = Object.keys(server.paths).filter((path) => path !== 'run-operation')
  return type === OperationTypeNode.MUTATION ? paths.filter((path) => path !== 'GET') : paths
}

/** The type of the operation, if it is one that is executed; a generated document may break a rule, but most do not. */
function typeOf({ query, variables, operationName }: GeneratedDocument): OperationTypeNode | undefined {
  if (query.length > 1_500) return undefined
  const document = server.documents.parse(query)
  if (server.documents.validate(document).length > 0) return undefined
  const [error] = operationErrors({ schema, document, operationName, variableValues: variables }) ?? []
  if (error?.message === complexityExceeded().message) return undefined
  return getOperationAST(document, operationName)?.operation ?? OperationTypeNode.QUERY
}

test(`${OPERATIONS} generated operations have the results of graphql-js, on every path and each time`, async () => {
  const random = createRandom(SEED)
  const done = { valid: 0, compiled: 0, withData: 0, mutation: 0, query: 0, subscription: 0 }
  for (let index = 0; done.valid < OPERATIONS; index++) {
    const kind = random.pick(['query', 'query', 'query', 'query', 'mutation', 'subscription'] as const)
    const operation = generate(schema, random, { kind, plain: random.chance(0.25) })
    const hint = `SEED=${SEED}, operation ${index}`
    if (index >= OPERATIONS * 3) expect.fail(`Too few documents are valid: ${hint}`)
    const type = typeOf(operation)
    if (!type) continue
    const expected = await expectedOf(operation, type)
    const paths = pathsFor(type)
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      // One of them over a network, which takes longest: on every path documents are new, known and compiled.
      const isOverNetwork = repetition === random.int(REPETITIONS)
      const path = isOverNetwork ? random.pick(paths) : 'run-operation'
      server.effects.effects.length = 0
      const result = await server.paths[path]?.(operation)
      const text = textOf(result ?? {}, server.effects)
      // An assertion is slower than an operation.
      if (text !== expected) {
        expect(text, `${hint}, ${path}, repetition ${repetition}\n${JSON.stringify(operation)}`).toBe(
          expected,
        )
      }
    }
    done.valid += 1
    done[type] += 1
    if (expected.includes('"data":{')) done.withData += 1
    if (server.documents.use({ document: server.documents.parse(operation.query) })) done.compiled += 1
  }
  // Otherwise nothing was compared.
  expect(done.withData).toBeGreaterThan(OPERATIONS / 3)
  expect(done.compiled).toBeGreaterThan(OPERATIONS / 50)
  expect(done.mutation).toBeGreaterThan(OPERATIONS / 20)
  expect(done.subscription).toBeGreaterThan(OPERATIONS / 20)
  console.log(`SEED=${SEED}`, done)
}, 1_200_000)
