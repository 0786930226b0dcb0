/** An answer depends on the operation, its variables and the data, and never on how often it was asked for. */
import {
  execute,
  getOperationAST,
  OperationTypeNode,
  parse,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql'
import { expect, test } from 'vitest'
import type { Context } from '../../src/resolvers/context.ts'
import { operationErrors, complexityExceeded } from '../../src/graphql/complexity.ts'
import { createDocumentCache } from '../../src/graphql/document-cache.ts'
import { formatError, maskResult } from '../../src/graphql/mask-errors.ts'
import { createExecute, executeOperation } from '../../src/graphql/execute.ts'
import { createSchema } from '../../src/schema/index.ts'
import { createOperationMetrics } from '../../src/graphql/operation-metrics.ts'
import { createRandom, generate } from './generate-documents.ts'
import { stubResolvers, type Effects } from './stub-resolvers.ts'

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const OPERATIONS = 10_000
/** The third one is compiled, if it may be. */
const REPETITIONS = 3

const schema = createSchema({ signUp: true })
stubResolvers(schema)
const documents = createDocumentCache(schema, { introspection: true })
const onBug = () => 'a bug'
const executes = createExecute({ documents, metrics: createOperationMetrics(schema), onBug })

const contextOf = () => ({ effects: [] as string[], newId: () => 'id' }) as unknown as Context & Effects

/** As it is sent, with what it did. */
function shown(result: ExecutionResult, context: Context & Effects): string {
  const { errors, ...rest } = maskResult(result, context, onBug)
  return JSON.stringify({
    ...(errors ? { errors: errors.map(formatError) } : {}),
    ...rest,
    did: context.effects,
  })
}

/** Of graphql-js, with a document of its own. */
async function expected(
  document: DocumentNode,
  args: Omit<ExecutionArgs, 'schema' | 'document'>,
): Promise<string> {
  const contextValue = contextOf()
  const asked = { schema, document, ...args, contextValue }
  const errors = operationErrors(asked)
  return shown(errors ? { errors } : await execute(asked), contextValue)
}

interface Asked {
  query: string
  variables: Record<string, unknown>
  operationName?: string | undefined
}

/** @returns whether it is compiled in the end */
async function expectSame(
  { query, variables, operationName }: Asked,
  document: DocumentNode,
  hint: string,
): Promise<boolean> {
  const isSubscription =
    getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION
  const rootValue = isSubscription ? { seed: 'event' } : undefined
  const right = await expected(parse(query), { variableValues: variables, operationName, rootValue })
  for (let repetition = 1; repetition <= REPETITIONS; repetition++) {
    const contextValue = contextOf()
    const kept = documents.parse(query)
    const args = { schema, document: kept, operationName, variableValues: variables, contextValue, rootValue }
    const code = isSubscription ? documents.use(args) : null
    const answer = shown(await (isSubscription ? executeOperation(code, args) : executes(args)), contextValue)
    // An assertion is slower than an execution.
    if (answer !== right) {
      const what = `${query}\n${operationName}\n${JSON.stringify(variables)}`
      expect(answer, `${hint}, repetition ${repetition}\n${what}`).toBe(right)
    }
  }
  return documents.use({ document: documents.parse(query) }) !== null
}

test(`${OPERATIONS} generated operations, ${REPETITIONS} times each, have the answers of graphql-js`, async () => {
  const random = createRandom(SEED)
  const done = { valid: 0, compiled: 0, mutations: 0, subscriptions: 0 }
  for (let index = 0; done.valid < OPERATIONS; index++) {
    const kind = random.pick(['query', 'query', 'query', 'query', 'mutation', 'subscription'] as const)
    const asked = generate(schema, random, { kind, plain: random.chance(0.25) })
    const hint = `SEED=${SEED}, operation ${index}`
    // A generated document may break a rule; most do not.
    if (index >= OPERATIONS * 3) expect.fail(`Too few documents are valid: ${hint}`)
    if (asked.query.length > 1_500) continue
    const document = documents.parse(asked.query)
    if (documents.validate(document).length > 0) continue
    const { variables: variableValues, operationName } = asked
    const [refused] = operationErrors({ schema, document, operationName, variableValues }) ?? []
    if (refused?.message === complexityExceeded().message) continue
    if (await expectSame(asked, document, hint)) done.compiled += 1
    done.valid += 1
    if (kind === 'mutation') done.mutations += 1
    if (kind === 'subscription') done.subscriptions += 1
  }
  // Otherwise nothing was compared.
  expect(done.compiled).toBeGreaterThan(OPERATIONS / 50)
  expect(done.mutations).toBeGreaterThan(OPERATIONS / 20)
  expect(done.subscriptions).toBeGreaterThan(OPERATIONS / 20)
  console.log(`SEED=${SEED}`, done)
}, 600_000)
