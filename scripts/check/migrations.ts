import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from './steps.ts'
import { runTool } from './tool.ts'

/** Checks that drizzle/ has every change of src/db/tables.ts: generating into a copy of it adds nothing. */
export async function migrationsAreCurrent(): Promise<Outcome> {
  // Inside the project, because drizzle-kit puts `./` before every path.
  const directory = mkdtempSync(join('node_modules', '.migrations-'))
  const copy = join(directory, 'drizzle')
  const config = join(directory, 'drizzle.config.ts')
  try {
    cpSync('drizzle', copy, { recursive: true })
    writeFileSync(
      config,
      `import config from '../../drizzle.config.ts'\nexport default { ...config, out: ${JSON.stringify(copy)} }\n`,
    )
    const { output } = await runTool('drizzle-kit', ['generate', `--config=${config}`])
    // drizzle-kit exits with 0 even when it fails.
    const ok = output.includes('No schema changes')
    const advice = 'src/db/tables.ts and drizzle/ differ. Run npm run migration, and commit what it writes.'
    return { ok, output: `${output}\n${advice}` }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
