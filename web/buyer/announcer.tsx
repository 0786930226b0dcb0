/** What a screen reader says, wherever its reader is on the page. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

const PAUSE_MS = 15_000

const said = signal('')

export function Announcer() {
  return (
    <p class="spoken" role="status">
      {said.value}
    </p>
  )
}

/** Says it once, when the component appears. When it is gone it is not so any more, and is not left to be read. */
export function useAnnounced(words: string): void {
  useEffect(() => {
    said.value = words
    return () => {
      if (said.value === words) said.value = ''
    }
  }, [])
}

let saidAt = -Infinity

/** Says what changes often, at most every 15 seconds, and the last of it in any case. */
export function useAnnouncedNow(words: string): void {
  useEffect(() => {
    const say = (): void => {
      saidAt = performance.now()
      said.value = words
    }
    const timer = setTimeout(say, Math.max(0, saidAt + PAUSE_MS - performance.now()))
    return () => clearTimeout(timer)
  }, [words])
  useEffect(() => () => void (said.value = ''), [])
}
