import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { interleavings } from './faults/interleavings.ts'
import type { FaultCluster } from './cluster/types.ts'
import { startFaultCluster } from './cluster/cluster.ts'

let cluster: FaultCluster
const directory = mkdtempSync(join(tmpdir(), 'stagedoor-interleavings-'))
beforeAll(async () => {
  // A turn lasts as long as a slow machine needs for what is tried in it.
  const env = { CLAIM_SECONDS: '120', ADMISSION_SECONDS: '600' }
  cluster = await startFaultCluster({ directory, servers: 2, seed: 1, env })
})
afterAll(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

test.each(interleavings)('$name', ({ run }) => run(cluster))
