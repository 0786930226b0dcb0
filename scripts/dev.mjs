// `npm run dev`: everything a machine with nothing but Node needs to see Stagedoor run. This file uses only
// Node itself, because it runs before the dependencies are there.
import { fileURLToPath } from 'node:url'
import { installIfNeeded } from './install.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
installIfNeeded()

const { register } = await import('tsx/esm/api')
register()
const { dev } = await import('./dev.ts')
await dev()
