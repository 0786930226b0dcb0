import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const SOURCES = 'web'
const BUILT = 'dist/pages/index.html'

/** Builds the pages where that has not been done yet, or something in web/ is newer than they are. */
export async function preparePages(log: (line: string) => void = () => {}): Promise<void> {
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > newest(SOURCES)) return
  log('building the pages …')
  const { createBuilder } = await import('vite')
  const builder = await createBuilder({ configFile: join(SOURCES, 'vite.config.ts'), logLevel: 'error' })
  await builder.buildApp()
}

/** When the last of the files in it was changed, in milliseconds since 1970. */
function newest(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return Math.max(...names.map((name) => statSync(join(directory, name)).mtimeMs))
}
