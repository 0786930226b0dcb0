import type { Shutdown } from './shutdown.ts'

export interface LifecycleOptions {
  /** @returns the port */
  start: () => Promise<number>
  shutdown: Shutdown
  /** Closes everything that the server used, after the last request. */
  close: () => Promise<void>
}

export interface App {
  /** Starts listening. @returns the port, chosen by the system if the configured one is 0 */
  start(): Promise<number>
  /** Drains, finishes what is under way, and closes everything: see shutdown.ts. A second call ends the drain early. */
  stop(): Promise<void>
}

export function createLifecycle({ start, shutdown, close }: LifecycleOptions): App {
  let starting: Promise<number> | undefined
  let stopping: Promise<void> | undefined
  async function stop(): Promise<void> {
    // Otherwise a start under way would start jobs on closed stores.
    await starting?.catch(() => undefined)
    await shutdown.run()
    await close()
  }
  return {
    start: () => (starting = start()),
    stop: () => {
      if (stopping) shutdown.endDrain()
      return (stopping ??= stop())
    },
  }
}
