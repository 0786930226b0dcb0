import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Redis } from 'ioredis'

/** A Lua script as a command with one key; resolves to the raw reply. */
export type Script = (key: string, ...args: (string | number)[]) => Promise<unknown>

/**
 * Defines a command that runs a Lua script. ioredis sends the script's hash, and its text when Redis does not have it.
 * @param file the script; the command has its name
 */
export function defineScript(redis: Redis, file: URL): Script {
  const command = `stagedoor:${basename(file.pathname, '.lua')}`
  redis.defineCommand(command, { lua: readScript(file), numberOfKeys: 1 })
  const script = (redis as unknown as Record<string, Script>)[command]
  if (!script) throw new Error(`ioredis did not define ${command}`)
  return script.bind(redis)
}

/** The text of a script. A line `--!include name` is replaced by lib/name.lua beside the script, each file once. */
export function readScript(file: URL): string {
  const included = new Set<string>()
  const expand = (text: string): string =>
    text.replace(/^--!include (\w+)$/gm, (_, name: string) => {
      if (included.has(name)) return ''
      included.add(name)
      return expand(readFileSync(new URL(`lib/${name}.lua`, file), 'utf8'))
    })
  return expand(readFileSync(file, 'utf8'))
}
