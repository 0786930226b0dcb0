/** One beat a second for whatever counts down, on the server's whole seconds; none while nothing does. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { serverNow } from './clock.ts'

const ticks = signal(0)
let subscribers = 0
let timer: number | undefined

function tick(): void {
  ticks.value += 1
  // To the next second and not for one: timers drift, and browsers slow them down in the background.
  timer = window.setTimeout(tick, 1_000 - (serverNow() % 1_000))
}

const timeAt = (_beat: number): number => serverNow()

/** The server's time, kept up to the second while the component is there. */
export function useServerTime(): number {
  useEffect(() => {
    subscribers += 1
    if (subscribers === 1) tick()
    return () => {
      subscribers -= 1
      if (subscribers === 0) clearTimeout(timer)
    }
  }, [])
  // A beat says when to look, and not what time it is: the last one may have been long ago.
  return timeAt(ticks.value)
}
