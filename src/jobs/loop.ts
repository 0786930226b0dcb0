/** A job that runs again and again, never twice at the same time. */
export interface Loop {
  /** Runs it now, or right after the run that is under way. */
  wake: () => void
  /** Lets the run under way finish, and runs it no more. */
  stop: () => Promise<void>
}

/**
 * @param options.everyMs how long it rests between two runs
 * @param options.run resolves to true when there is more to do at once
 * @param options.onError hears why a run failed; the next one comes all the same
 */
export function startLoop(options: {
  everyMs: number
  run: () => Promise<boolean>
  onError: (error: unknown) => void
}): Loop {
  let stopped = false
  let woken = false
  let endRest: (() => void) | undefined

  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, options.everyMs)
      endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  // Either may have changed while the run was under way.
  const mayRest = (): boolean => !woken && !stopped

  async function go(): Promise<void> {
    while (!stopped) {
      woken = false
      const more = await options.run().catch((error: unknown) => {
        options.onError(error)
        return false
      })
      if (!more && mayRest()) await rest()
    }
  }

  const ended = go()
  const wake = (): void => {
    woken = true
    endRest?.()
  }
  return {
    wake,
    stop: () => {
      stopped = true
      wake()
      return ended
    },
  }
}
