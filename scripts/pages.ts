import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What the pages are built from. */
const SOURCES = ['web', 'client']
const BUILT = 'dist/pages/index.html'

/** Builds the pages where that has not been done yet, or a source is newer than they are. */
export async function preparePages(log: (line: string) => void = () => {}): Promise<void> {
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > Math.max(...SOURCES.map(newest))) return
  log('building the pages …')
  const { createBuilder } = await import('vite')
  const builder = await createBuilder({ configFile: 'web/vite.config.ts', logLevel: 'error' })
  await builder.buildApp()
}

/** When the last of the files in it was changed, in milliseconds since 1970. */
function newest(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return Math.max(...names.map((name) => statSync(join(directory, name)).mtimeMs))
}
