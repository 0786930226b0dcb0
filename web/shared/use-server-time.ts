/** One timer for all countdowns, which ticks on the server's whole seconds. It runs only while there are some. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { serverNow } from './clock.ts'

const ticks = signal(0)
let subscribers = 0
let timer: number | undefined

function tick(): void {
  ticks.value += 1
  // Until the next whole second: timers drift, and browsers throttle them in the background.
  timer = window.setTimeout(tick, 1_000 - (serverNow() % 1_000))
}

const timeAt = (_tick: number): number => serverNow()

/** The server's time. The component renders again every second. */
export function useServerTime(): number {
  useEffect(() => {
    subscribers += 1
    if (subscribers === 1) tick()
    return () => {
      subscribers -= 1
      if (subscribers === 0) clearTimeout(timer)
    }
  }, [])
  // The clock and not the tick: the last tick may be long ago.
  return timeAt(ticks.value)
}
