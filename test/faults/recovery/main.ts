/**
 * Measures the recovery times of docs/reliability.md: `node --import tsx test/faults/recovery/main.ts [--json]
 * [--only <part of a name>] [--seed N] [--root <a directory with src/>]`. Exit code 1 when a limit is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { slowClients } from './slow-clients.ts'
import type { Measurement } from './measurements.ts'
import { rollingRestart } from './rolling-restart.ts'
import { socketsDropped } from './dropped-sockets.ts'
import { linksBlackholed, postgresRecovers, redisRecovers, redisRestartsEmpty } from './stores.ts'
import { OWN_ROOT } from '../cluster/servers.ts'
import { startFaultCluster } from '../cluster/cluster.ts'

const MEASURES = {
  postgresRecovers,
  redisRecovers,
  redisRestartsEmpty,
  linksBlackholed,
  rollingRestart,
  slowClients,
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
const print = (line: string): void => {
  if (!values.json) console.log(line)
}
const show = ({ ok, what, measured, limit }: Measurement): string =>
  `${ok ? '✓' : '✗'} ${what.padEnd(64)} ${measured.padStart(10)}   limit ${limit}`

const directory = mkdtempSync(join(tmpdir(), 'stagedoor-recovery-'))
// Long enough that nobody is skipped while a measurement waits.
const env = { ABSENCE_GRACE_SECONDS: '10', CLAIM_SECONDS: '30', ADMISSION_SECONDS: '60' }
const { root } = values
const cluster = await startFaultCluster({
  directory,
  servers: 3,
  seed: Number(values.seed),
  env,
  root,
  onProgress: print,
})
const measurements: Measurement[] = []
try {
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (!name.toLowerCase().includes(values.only.toLowerCase())) continue
    const found = await measure(cluster)
    measurements.push(...found)
    found.forEach((line) => print(show(line)))
  }
} finally {
  await cluster.close()
}
const ok = measurements.every((line) => line.ok)
if (values.json) console.log(JSON.stringify(measurements, undefined, 2))
if (ok) rmSync(directory, { recursive: true })
else print(`A limit was missed. The logs of the servers are in ${directory}`)
process.exitCode = ok ? 0 : 1
