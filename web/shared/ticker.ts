/** One beat a second for whatever counts down, on the server's whole seconds; none while nothing does. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { serverNow } from './clock.ts'

const beats = signal(0)
let users = 0
let timer: number | undefined

function beat(): void {
  beats.value += 1
  // To the next second and not for one: timers drift, and browsers slow them down in the background.
  timer = window.setTimeout(beat, 1_000 - (serverNow() % 1_000))
}

const timeAt = (_beat: number): number => serverNow()

/** The server's time, kept up to the second while the component is there. */
export function useServerTime(): number {
  useEffect(() => {
    users += 1
    if (users === 1) beat()
    return () => {
      users -= 1
      if (users === 0) clearTimeout(timer)
    }
  }, [])
  // A beat says when to look, and not what time it is: the last one may have been long ago.
  return timeAt(beats.value)
}
