// `npm run check`, `npm run check:fast` and `npm run check:slow`. Like dev.mjs, this file uses only Node itself.
import { fileURLToPath } from 'node:url'
import { installIfNeeded } from './install.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
installIfNeeded()

const { register } = await import('tsx/esm/api')
register()
const { check } = await import('./check.ts')
await check(process.argv[2] ?? 'all')
