/**
 * Measures the recovery times of docs/reliability.md: `node --import tsx test/faults/recovery/main.ts [--json]
 * [--only <part of a name>] [--seed N] [--root <a directory with src/>]`. Exit code 1 when a limit is missed,
 * or when no name contains that of --only.
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
const measures = Object.entries(MEASURES).filter(([name]) =>
  name.toLowerCase().includes(values.only.toLowerCase()),
)
if (measures.length === 0) {
  console.error(`--only ${values.only} matches none of ${Object.keys(MEASURES).join(', ')}`)
  process.exit(1)
}
const print = (line: string): void => {
  if (!values.json) console.log(line)
}
const show = ({ ok, what, measured, limit }: Measurement): string =>
  `${ok ? '✓' : '✗'} ${what.padEnd(64)} ${measured.padStart(10)}   limit ${limit}`

const directory = mkdtempSync(join(tmpdir(), 'stagedoor-recovery-'))
// Long enough that no user is absent while a measurement waits.
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
  for (const [, measure] of measures) {
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
