import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { onTestFinished } from 'vitest'
import { removeDataDir } from '../../scripts/services/data-dir.ts'

export const isRoot = process.getuid?.() === 0

interface StartResult {
  databaseUrl: string
  redisUrl: string
  refused?: string
}

/** An empty directory, which everybody may enter, that goes when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-scripts-'))
  chmodSync(directory, 0o755)
  onTestFinished(() => removeDataDir(directory))
  return directory
}

/** Runs owner.ts until the test ends, and returns what it said: where its services are, or why it has none. */
export async function startServicesInChild(
  directory: string,
  uid?: number,
): Promise<{ owner: ChildProcess; said: StartResult }> {
  const args = [
    '--import',
    'tsx',
    'test/scripts/start-services.ts',
    directory,
    ...(uid === undefined ? [] : [String(uid)]),
  ]
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    owner.kill('SIGKILL')
    if (owner.exitCode === null && owner.signalCode === null) await once(owner, 'exit')
  })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  return { owner, said: JSON.parse(line.toString()) as StartResult }
}

/** Kills a process as `kill -9` does, and waits until it is gone. */
export async function killHard(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Waits for something to come true; the test's timeout is its deadline. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(20)
}

/** Writes a mark into both services, for `readMark` to find. */
export async function writeMark({ databaseUrl, redisUrl, refused }: StartResult): Promise<void> {
  if (refused) throw new Error(refused)
  const sql = postgres(databaseUrl, { max: 1 })
  await sql`create table mark as select 'kept' as text`
  await sql.end()
  const redis = new Redis(redisUrl)
  await redis.set('mark', 'kept')
  await redis.quit()
}

/** What `writeMark` wrote. */
export async function readMark({ databaseUrl, redisUrl, refused }: StartResult): Promise<unknown[]> {
  // Without URLs the clients connect to the stores of the machine.
  if (refused) throw new Error(refused)
  const sql = postgres(databaseUrl, { max: 1 })
  const rows = await sql<{ text: string }[]>`select text from mark`
  await sql.end()
  const redis = new Redis(redisUrl)
  const value = await redis.get('mark')
  await redis.quit()
  return [rows[0]?.text, value]
}

/** The process id that a service was started with. */
export const readPid = (directory: string, name: string): number =>
  Number(readFileSync(join(directory, `${name}.process`), 'utf8').split(' ')[0])

/** Kills the supervisors of these services, so that nothing stops the services when their owner is killed. */
export function killSupervisors(services: readonly number[]): void {
  const supervisors = services.flatMap(supervisorsOf)
  // All of them are stopped before the first one dies: a watcher that saw it would end its service.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
    for (const supervisor of supervisors) process.kill(supervisor, signal)
  }
}

/** The other processes of its group: the supervising shell and its watcher. */
function supervisorsOf(pid: number): number[] {
  const processes = readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && other !== pid)
  return processes.filter((other) => groupOf(other) === groupOf(pid))
}

function groupOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[2]
  } catch {
    return undefined // it has ended in the meantime
  }
}
