/** A job that repeats, one run at a time. */
export interface Loop {
  /** Starts a run now, or right after the current one. */
  wake: () => void
  /** Resolves when the current run has finished; there is no further one. */
  stop: () => Promise<void>
}

/**
 * @param options.pauseMs between two runs
 * @param options.run resolves to true when there is more to do: the next run follows without a pause
 * @param options.onError called when a run fails; the loop goes on
 */
export function startLoop(options: {
  pauseMs: number
  run: () => Promise<boolean>
  onError: (error: unknown) => void
}): Loop {
  let stopped = false
  let woken = false
  let endPause: (() => void) | undefined

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, options.pauseMs)
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  // A function, because TypeScript does not expect that both change during a run.
  const mayPause = (): boolean => !woken && !stopped

  async function repeat(): Promise<void> {
    while (!stopped) {
      woken = false
      const more = await options.run().catch((error: unknown) => {
        options.onError(error)
        return false
      })
      if (!more && mayPause()) await pause()
    }
  }

  const ended = repeat()
  const wake = (): void => {
    woken = true
    endPause?.()
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
