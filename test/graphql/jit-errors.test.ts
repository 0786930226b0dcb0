import { execute } from 'graphql'
import { expect, test } from 'vitest'
import { createDocumentCache } from '../../src/graphql/document-cache.ts'
import { executeOperation } from '../../src/graphql/execute.ts'
import { createSchema } from '../../src/schema/index.ts'

test('an error of compiled code has the nodes that graphql-js gives it, so that every transport can tell its place', async () => {
  const schema = createSchema({ signUp: true })
  const documents = createDocumentCache(schema, { introspection: true })
  const document = documents.parse('query ($id: ID!) { concert(id: $id) { id } }')
  documents.validate(document)
  for (let use = 0; use < 2; use++) documents.use({ document })
  const compiled = documents.use({ document })
  expect(compiled).not.toBeNull()
  const args = { schema, document, variableValues: { id: 'x' }, contextValue: {} }
  const [result, expected] = [await executeOperation(compiled, args), await execute(args)]
  expect(JSON.stringify(result)).toBe(JSON.stringify(expected))
  expect(result.errors?.[0]?.nodes).toEqual(expected.errors?.[0]?.nodes)
})
