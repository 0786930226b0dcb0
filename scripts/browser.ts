import { installPackage } from './services/apt.ts'
import { findProgram, programDirectories } from './services/find.ts'
import { UserError } from './services/user-error.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of a Chromium, which is installed first where that is needed and allowed. Throws UserError. */
export function findBrowser(log: (line: string) => void): string {
  const find = (): string | undefined => findProgram(NAMES, programDirectories())
  const found = find() ?? (installPackage('chromium', log) ? find() : undefined)
  if (found === undefined)
    throw new UserError('The tests of the pages need Chromium: install it so that `chromium` is on the PATH.')
  return found
}
