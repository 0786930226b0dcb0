import { readFileSync } from 'node:fs'
import type { Outcome } from './steps.ts'
import { runNode } from './tool.ts'

const FILE = 'schema.graphql'

/** Checks that the committed schema is the one that the server serves. */
export async function printedSchemaIsCurrent(): Promise<Outcome> {
  const { ok, output, stdout } = await runNode(['--import', 'tsx', 'scripts/print-schema.ts'])
  if (!ok) return { ok, output }
  const served = stdout.trimEnd().split('\n')
  const committed = readFileSync(FILE, 'utf8').trimEnd().split('\n')
  const different = served.findIndex((line, i) => line !== committed[i])
  if (different < 0 && served.length === committed.length) return { ok: true, output: '' }
  const at = different < 0 ? served.length : different
  const message = `${FILE} is not the schema that the server serves. The first difference is in line ${at + 1}:
  committed: ${committed[at] ?? '(the end)'}
  served:    ${served[at] ?? '(the end)'}
If this is intended, run npm run schema and commit the file.`
  return { ok: false, output: message }
}
