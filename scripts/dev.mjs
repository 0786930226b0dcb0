// `npm run dev`: starts Stagedoor on a machine that has only Node. This file uses only Node itself, because it runs
// before the dependencies are installed.
import { fileURLToPath } from 'node:url'
import { installIfNeeded } from './install.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
installIfNeeded()

const { register } = await import('tsx/esm/api')
register()
const { dev } = await import('./dev.ts')
await dev({ watch: process.argv.includes('--watch'), inspect: process.argv.includes('--inspect') })
