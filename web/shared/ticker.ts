/** One beat a second for whatever counts down, on the server's whole seconds; none while nothing does. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { serverNow } from './clock.ts'

const now = signal(serverNow())
let users = 0
let timer: number | undefined

function beat(): void {
  now.value = serverNow()
  // To the next second and not for one: timers drift, and browsers slow them down in the background.
  timer = window.setTimeout(beat, 1_000 - (serverNow() % 1_000))
}

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
  return now.value
}
