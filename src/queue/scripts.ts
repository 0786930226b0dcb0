import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

/** A Lua script as a command: the one key it gets, its arguments, and the reply as Redis sent it. */
export type Script = (key: string, ...args: (string | number)[]) => Promise<unknown>

const directory = new URL('./lua/', import.meta.url)

/**
 * Makes a command of `lua/<name>.lua`. ioredis sends its hash, and its text again when Redis does not know it.
 */
export function defineScript(redis: Redis, name: string): Script {
  const command = `queue:${name}`
  redis.defineCommand(command, { lua: readScript(name), numberOfKeys: 1 })
  const script = (redis as unknown as Record<string, Script>)[command]
  if (!script) throw new Error(`ioredis did not define ${command}`)
  return script.bind(redis)
}

/** The text of a script with what it includes in front of it, each piece once. */
export function readScript(name: string): string {
  const seen = new Set<string>()
  const read = (path: string): string => {
    if (seen.has(path)) return ''
    seen.add(path)
    const text = readFileSync(new URL(path, directory), 'utf8')
    return text.replace(/^--!include (\w+)$/gm, (_, included: string) => read(`lib/${included}.lua`))
  }
  return read(`${name}.lua`)
}
