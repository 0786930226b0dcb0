import { installPackage } from './services/apt.ts'
import { findProgram, programDirectories } from './services/find.ts'
import { Trouble } from './services/trouble.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of a Chromium, which is installed first where that is needed and allowed. Throws Trouble. */
export function findBrowser(say: (line: string) => void): string {
  const find = (): string | undefined => findProgram(NAMES, programDirectories())
  const found = find() ?? (installPackage('chromium', say) ? find() : undefined)
  if (found === undefined)
    throw new Trouble('The tests of the pages need Chromium: install it so that `chromium` is on the PATH.')
  return found
}
