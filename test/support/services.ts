import { chmodSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {} from 'vitest' // what is augmented below has to be imported somewhere
import type { TestProject } from 'vitest/node'
import { findBrowser } from '../../scripts/browser.ts'
import { preparePages } from '../../scripts/pages.ts'
import { removeDataDir } from '../../scripts/services/data-dir.ts'
import { runningProcess } from '../../scripts/services/process-file.ts'
import { startServices } from '../../scripts/services/start.ts'
import { migrate } from '../../src/db/migrate.ts'
import { findCaddy } from './caddy.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A migrated, empty database to clone, on a PostgreSQL of this run with 400 connections. */
    databaseUrl: string
    /** A Redis of this run, which writes nothing to disk. */
    redisUrl: string
    /** The path of a Chromium. */
    browser: string
    /** The path of a Caddy; undefined: there is none, and its tests are skipped. */
    caddy: string | undefined
  }
}

const PREFIX = 'stagedoor-test-'

/** Starts the services of a test run. @returns what stops them */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeAbandoned()
  const directory = mkdtempSync(join(tmpdir(), PREFIX))
  chmodSync(directory, 0o755) // the services of root run as another user
  const { databaseUrl, redisUrl, stop } = await startServices({
    directory,
    keepData: false,
    log: console.log,
  })
  await Promise.all([migrate(databaseUrl), preparePages(console.log)])
  project.provide('databaseUrl', databaseUrl)
  project.provide('redisUrl', redisUrl)
  project.provide('browser', findBrowser(console.log))
  project.provide('caddy', findCaddy())
  return stop
}

/** Removes the files of runs that were killed; their services ended with them. */
function removeAbandoned(): void {
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))
  for (const directory of left.map((name) => join(tmpdir(), name))) {
    if (runningProcess(join(directory, 'lock')) === undefined) removeDataDir(directory)
  }
}
