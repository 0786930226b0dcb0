/**
 * Measures DESIGN.md's "When something is down": `node --import tsx test/faults/recovery.ts [--json]
 * [--only <part of a name>] [--seed N] [--root <a directory with src/>]`. Exit code 1 when a limit is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { deafReaders } from './recovery-readers.ts'
import type { Line } from './recovery-line.ts'
import { rollingRestart } from './recovery-restart.ts'
import { socketsDropped } from './recovery-sockets.ts'
import { linksGoDead, postgresComesBack, redisComesBack, redisComesBackEmpty } from './recovery-stores.ts'
import { OWN_ROOT } from './world/servers.ts'
import { createWorld } from './world/world.ts'

const MEASURES = {
  postgresComesBack,
  redisComesBack,
  redisComesBackEmpty,
  linksGoDead,
  rollingRestart,
  deafReaders,
  socketsDropped,
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    root: { type: 'string', default: OWN_ROOT },
  },
})
const say = (line: string): void => {
  if (!values.json) console.log(line)
}
const show = ({ ok, what, measured, limit }: Line): string =>
  `${ok ? '✓' : '✗'} ${what.padEnd(64)} ${measured.padStart(10)}   limit ${limit}`

const directory = mkdtempSync(join(tmpdir(), 'stagedoor-recovery-'))
// Nobody is to be skipped while the measures themselves keep everybody waiting.
const env = { ABSENCE_GRACE_SECONDS: '10', CLAIM_SECONDS: '30', ADMISSION_SECONDS: '60' }
const { root } = values
const world = await createWorld({ directory, servers: 3, seed: Number(values.seed), env, root, say })
const lines: Line[] = []
try {
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (!name.toLowerCase().includes(values.only.toLowerCase())) continue
    const found = await measure(world)
    lines.push(...found)
    found.forEach((line) => say(show(line)))
  }
} finally {
  await world.close()
}
const ok = lines.every((line) => line.ok)
if (values.json) console.log(JSON.stringify(lines, undefined, 2))
if (ok) rmSync(directory, { recursive: true })
else say(`A limit was missed. The logs of the servers are in ${directory}`)
process.exitCode = ok ? 0 : 1
