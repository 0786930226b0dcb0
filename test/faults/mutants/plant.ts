/** Copies of the project with one bug in each. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { databaseMutants } from './database.ts'
import { applyEdit, locate } from './edit.ts'
import { positionMutants } from './positions.ts'
import { queueMutants } from './queue.ts'
import { serviceMutants } from './service.ts'
import type { Mutant } from './types.ts'

export const mutants: readonly Mutant[] = [
  ...databaseMutants,
  ...queueMutants,
  ...positionMutants,
  ...serviceMutants,
]

/** The project that this file is part of. */
export const OWN_ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COPIED = ['src', 'drizzle', 'package.json', 'tsconfig.json']

/** Copies the project to `root` with the bug in it. @throws when an edit does not fit the code */
export function plant(mutant: Mutant, root: string, original = OWN_ROOT): void {
  mkdirSync(root, { recursive: true })
  for (const name of COPIED) cpSync(join(original, name), join(root, name), { recursive: true })
  symlinkSync(join(OWN_ROOT, 'node_modules'), join(root, 'node_modules'))
  for (const edit of mutant.edits) applyEdit(root, edit)
}

/** The mutants that no longer fit the code, and why. */
export const staleMutants = (original = OWN_ROOT): string[] =>
  mutants.flatMap(({ name, edits }) =>
    edits.flatMap((edit) => {
      try {
        locate(original, edit)
        return []
      } catch (error) {
        return [`${name}: ${(error as Error).message}`]
      }
    }),
  )
