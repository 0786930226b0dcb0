import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Outcome } from './steps.ts'

/** Runs a tool of node_modules until it exits. */
export function runTool(name: string, args: string[]): Promise<Outcome> {
  return runNode([`node_modules/.bin/${name}`, ...args])
}

/** Runs Node until it exits, with an empty standard input: a tool that asks a question fails instead of waiting. */
export async function runNode(args: string[], env = process.env): Promise<Outcome & { stdout: string }> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { ok: code === 0, output, stdout }
}
