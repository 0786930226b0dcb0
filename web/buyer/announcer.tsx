/** What a screen reader says, wherever its reader is on the page. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

const PAUSE_MS = 15_000

const announcement = signal('')

export function Announcer() {
  return (
    <p class="spoken" role="status">
      {announcement.value}
    </p>
  )
}

/** Says it once, when the component appears. When it is gone it is not so any more, and is not left to be read. */
export function useAnnouncement(messages: string): void {
  useEffect(() => {
    announcement.value = messages
    return () => {
      if (announcement.value === messages) announcement.value = ''
    }
  }, [])
}

let announcedAt = -Infinity

/** Says what changes often, at most every 15 seconds, and the last of it in any case. */
export function useThrottledAnnouncement(messages: string): void {
  useEffect(() => {
    const say = (): void => {
      announcedAt = performance.now()
      announcement.value = messages
    }
    const timer = setTimeout(say, Math.max(0, announcedAt + PAUSE_MS - performance.now()))
    return () => clearTimeout(timer)
  }, [messages])
  useEffect(() => () => void (announcement.value = ''), [])
}
