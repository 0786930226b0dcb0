import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { interleavings } from './faults/interleavings.ts'
import type { World } from './world/types.ts'
import { createWorld } from './world/world.ts'

let world: World
const directory = mkdtempSync(join(tmpdir(), 'stagedoor-interleavings-'))
beforeAll(async () => {
  // A turn lasts as long as a slow machine needs for what is tried in it.
  const env = { CLAIM_SECONDS: '120', ADMISSION_SECONDS: '600' }
  world = await createWorld({ directory, servers: 2, seed: 1, env })
})
afterAll(async () => {
  await world.close()
  rmSync(directory, { recursive: true })
})

test.each(interleavings)('$name', ({ run }) => run(world))
