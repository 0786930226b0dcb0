/** Builds the image of a Dockerfile as far as that goes without a container: the file system of each stage, in folders. */
import dockerignore from '@balena/dockerignore'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Its types declare a default export, which this CommonJS module does not have. */
const ignore = dockerignore as unknown as typeof dockerignore.default

interface Instruction {
  instruction: string
  rest: string
}

export interface Stage {
  root: string
  workdir: string
  env: Record<string, string>
  user: string | undefined
  /** In exec form. */
  command: string[]
  healthcheck: string[]
}

/** The instructions, with comments taken out and continued lines put together. */
function parse(text: string): Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
  return lines.map((line) => {
    const [, instruction = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    return { instruction: instruction.toUpperCase(), rest: rest.trim() }
  })
}

/** Copies what `docker build` sends of a folder: all that .dockerignore leaves. */
export function copyContext(from: string, to: string): void {
  const rules = readFileSync(join(from, '.dockerignore'), 'utf8')
  const ignored = ignore().add(rules)
  const kept = rules.split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
  const copy = (folder: string): void => {
    for (const entry of readdirSync(join(from, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (!ignored.ignores(path)) {
        if (entry.isDirectory()) copy(path)
        else cpSync(join(from, path), join(to, path))
      } else if (entry.isDirectory() && kept.some((rule) => rule.startsWith(`${path}/`))) copy(path)
    }
  }
  mkdirSync(to, { recursive: true })
  copy('')
}

/**
 * Runs the instructions that our Dockerfile uses; an instruction that is not known, or a file that is not there, throws.
 * RUN works on relative paths, with the Node of this machine.
 * @param folder where the stages' file systems go, one a folder
 * @returns the last stage
 */
export async function buildImage(dockerfile: string, context: string, folder: string): Promise<Stage> {
  const stages = new Map<string, Promise<Stage>>()
  const groups: Instruction[][] = []
  for (const step of parse(readFileSync(dockerfile, 'utf8'))) {
    if (step.instruction === 'FROM') groups.push([step])
    else groups.at(-1)?.push(step)
  }
  // A stage waits for another one where it copies from it.
  for (const [index, [from, ...steps]] of groups.entries()) {
    const name = / AS (\w+)$/i.exec(from?.rest ?? '')?.[1] ?? String(index)
    stages.set(name, buildStage(steps, { context, root: join(folder, name), stages }))
  }
  const built = await Promise.all(stages.values())
  const last = built.at(-1)
  if (!last) throw new Error(`${dockerfile} has no stage`)
  return last
}

interface StageContext {
  context: string
  root: string
  stages: Map<string, Promise<Stage>>
}

async function buildStage(steps: Instruction[], { context, root, stages }: StageContext): Promise<Stage> {
  mkdirSync(root, { recursive: true })
  const stage: Stage = { root, workdir: root, env: {}, user: undefined, command: [], healthcheck: [] }
  for (const { instruction, rest } of steps) {
    if (instruction === 'WORKDIR') {
      stage.workdir = join(root, rest)
      mkdirSync(stage.workdir, { recursive: true })
    } else if (instruction === 'COPY') {
      const source = /^--from=(\w+) /.exec(rest)
      const from = source ? (await stages.get(source[1] ?? ''))?.root : context
      if (from === undefined) throw new Error(`There is no stage ${source?.[1]}`)
      copyFiles(from, stage.workdir, rest.slice(source?.[0].length ?? 0).split(/\s+/))
    } else if (instruction === 'RUN') await run(rest, stage)
    else if (instruction === 'ENV')
      for (const [, key = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) stage.env[key] = value
    else if (instruction === 'USER') stage.user = rest
    else if (instruction === 'CMD') stage.command = JSON.parse(rest) as string[]
    else if (instruction === 'HEALTHCHECK')
      stage.healthcheck = JSON.parse(rest.replace(/^.*? CMD /, '')) as string[]
    else if (instruction !== 'EXPOSE') throw new Error(`What does ${instruction} do?`)
  }
  return stage
}

/** A folder's contents go into the destination, which is a folder if it ends with a slash or there are several sources. */
function copyFiles(from: string, workdir: string, paths: string[]): void {
  const to = paths.at(-1) ?? ''
  const sources = paths.slice(0, -1)
  for (const source of sources) {
    const path = join(from, source)
    if (!existsSync(path)) throw new Error(`COPY: ${source} is not found`)
    const intoFolder = to.endsWith('/') || to === '.' || to === './' || sources.length > 1
    const target = statSync(path).isDirectory() || !intoFolder ? to : join(to, basename(source))
    cpSync(path, join(workdir, target), { recursive: true, verbatimSymlinks: true })
  }
}

async function run(command: string, { workdir, env }: Stage): Promise<void> {
  const { PATH, HOME } = process.env
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: workdir,
    env: { PATH, HOME, npm_config_prefer_offline: 'true', npm_config_update_notifier: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`RUN ${command} ended with ${code}:\n${output}`)
}
