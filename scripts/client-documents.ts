/** Prints client/documents.ts: the operations of client/operations, checked against schema.graphql, with types. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  buildSchema,
  parse,
  print,
  validate,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
} from 'graphql'
import { format, resolveConfig } from 'prettier'

const pathOf = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const OPERATIONS = pathOf('client/operations')

type Definition = OperationDefinitionNode | FragmentDefinitionNode

const HEAD = `/** Written by npm run schema from operations/*.graphql: edit those. */
import { graphql } from './graphql.ts'
`

/** @throws Error with every reason why an operation does not fit the schema */
export async function printClientDocuments(): Promise<string> {
  const definitions = readDefinitions()
  const document: DocumentNode = { kind: 'Document' as never, definitions }
  const errors = validate(buildSchema(readFileSync(pathOf('schema.graphql'), 'utf8')), document)
  if (errors.length > 0) throw new Error(errors.map(String).join('\n\n'))
  const blocks = inOrder(definitions).map((definition) => {
    const fragments = fragmentsOf(definition).map((name) => `${name}Document`)
    const second = fragments.length === 0 ? '' : `, [${fragments.join(', ')}]`
    return `export const ${nameOf(definition)}Document = graphql(\`${print(definition)}\`${second})\n`
  })
  const file = pathOf('client/documents.ts')
  return format([HEAD, ...blocks].join('\n'), { ...(await resolveConfig(file)), filepath: file })
}

/** One operation or fragment in each file, called as the file. */
function readDefinitions(): Definition[] {
  return readdirSync(OPERATIONS)
    .sort()
    .map((file) => {
      const { definitions } = parse(readFileSync(`${OPERATIONS}/${file}`, 'utf8'))
      const [definition] = definitions as [Definition]
      const expected = file
        .replace('.graphql', '')
        .replaceAll(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase())
      if (definitions.length !== 1 || nameOf(definition) !== expected)
        throw new Error(`client/operations/${file} must define ${expected}, and nothing else.`)
      return definition
    })
}

const nameOf = (definition: Definition): string => definition.name?.value ?? ''

/** Names of the fragments that a definition spreads itself. */
function fragmentsOf(definition: DefinitionNode): string[] {
  const names = new Set<string>()
  visit(definition, { FragmentSpread: ({ name }) => void names.add(name.value) })
  return [...names]
}

/** Fragments before what uses them. */
function inOrder(definitions: Definition[]): Definition[] {
  const ordered = new Set<Definition>()
  const add = (definition: Definition): void => {
    for (const name of fragmentsOf(definition)) {
      const fragment = definitions.find((other) => nameOf(other) === name)
      if (fragment) add(fragment)
    }
    ordered.add(definition)
  }
  definitions.forEach(add)
  return [...ordered]
}
