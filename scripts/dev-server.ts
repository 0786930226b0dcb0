import { setTimeout as sleep } from 'node:timers/promises'
import { supervise, type SupervisedProcess } from './services/supervise.ts'
import { UserError } from './services/user-error.ts'

export interface ServerOptions {
  /** With the PORT to listen on. */
  env: NodeJS.ProcessEnv
  /** Listen for a debugger at 127.0.0.1:9229. */
  inspect: boolean
  /** Ends the wait. */
  quit: AbortSignal
}

/**
 * Starts the server from its sources and waits until it is ready.
 * @throws {UserError} when the server ends before it is ready
 */
export async function startServer({ env, inspect, quit }: ServerOptions): Promise<SupervisedProcess> {
  const command = [process.execPath, ...(inspect ? ['--inspect'] : []), '--import', 'tsx', 'src/main.ts']
  const server = await supervise('TERM', command, { cwd: process.cwd(), env, output: 'inherit' })
  try {
    while (!(await responds(`http://127.0.0.1:${env.PORT}/ready`))) {
      quit.throwIfAborted()
      const code = await Promise.race([server.ended, sleep(50)])
      if (code !== undefined) throw new UserError('The server did not start. The reason is printed above.')
    }
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function responds(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
