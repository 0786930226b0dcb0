import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  killHard,
  killSupervisors,
  readMark,
  readPid,
  startServicesInChild,
  temporaryDirectory,
  writeMark,
} from './support.ts'

/** The child of a process whose command line contains `title`. */
const findChild = (parent: number, title: string): number | undefined =>
  readdirSync('/proc')
    .map(Number)
    .find((pid) => {
      try {
        const [, ppid] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
        return Number(ppid) === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(title)
      } catch {
        return false // not a process, or it has ended
      }
    })

test.skipIf(process.platform !== 'linux')(
  'a PostgreSQL that was left running and does not shut down is replaced, and its data kept',
  async () => {
    const directory = temporaryDirectory()
    const { owner, said } = await startServicesInChild(directory)
    await writeMark(said)
    const left = readPid(directory, 'postgres')
    const checkpointer = findChild(left, 'checkpointer')
    if (checkpointer === undefined) throw new Error('there is no checkpointer')
    process.kill(checkpointer, 'SIGSTOP')
    killSupervisors([left])
    await killHard(owner)

    const next = await startServicesInChild(directory)
    expect(await readMark(next.said)).toEqual(['kept', 'kept'])
    expect(readPid(directory, 'postgres')).not.toBe(left)
  },
)
