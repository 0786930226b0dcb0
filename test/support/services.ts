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
    /** A database `stagedoor` on a PostgreSQL of this run, with room for 400 connections. Migrated and empty: clone it. */
    databaseUrl: string
    /** A Redis of this run, which writes nothing down. */
    redisUrl: string
    /** The path of a Chromium. */
    browser: string
    /** The path of a Caddy; undefined: there is none, and its tests are skipped. */
    caddy: string | undefined
  }
}

const PREFIX = 'stagedoor-test-'

/** Starts the services of this test run, and returns what stops them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeAbandoned()
  const directory = mkdtempSync(join(tmpdir(), PREFIX))
  chmodSync(directory, 0o755) // root's services run as somebody else
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

/** A run that was killed took its services with it, but not its files. */
function removeAbandoned(): void {
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))
  for (const directory of left.map((name) => join(tmpdir(), name))) {
    if (runningProcess(join(directory, 'owner')) === undefined) removeDataDir(directory)
  }
}
