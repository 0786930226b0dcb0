/** Copies of the project with one bug in each. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { databaseMutants } from './database.ts'
import { queueMutants } from './queue.ts'
import { serviceMutants } from './service.ts'
import type { Edit, Mutant } from './types.ts'

export const mutants: readonly Mutant[] = [...databaseMutants, ...queueMutants, ...serviceMutants]

/** The project that this file is part of. */
export const OWN_ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COPIED = ['src', 'drizzle', 'package.json', 'tsconfig.json']

/** Makes a copy in which the bug is; throws when the code is not what the mutant knows. */
export function plant(mutant: Mutant, root: string, original = OWN_ROOT): void {
  mkdirSync(root, { recursive: true })
  for (const name of COPIED) cpSync(join(original, name), join(root, name), { recursive: true })
  symlinkSync(join(OWN_ROOT, 'node_modules'), join(root, 'node_modules'))
  for (const edit of mutant.edits) {
    const file = join(root, edit.file)
    writeFileSync(file, edited(readFileSync(file, 'utf8'), edit))
  }
}

/** The mutants that do not fit the code any more, and why. */
export const staleMutants = (original = OWN_ROOT): string[] =>
  mutants.flatMap(({ name, edits }) =>
    edits.flatMap((edit) => {
      try {
        edited(readFileSync(join(original, edit.file), 'utf8'), edit)
        return []
      } catch (error) {
        return [`${name}: ${(error as Error).message}`]
      }
    }),
  )

function edited(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`)
  return parts.join(replace)
}
