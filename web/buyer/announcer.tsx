/** Announcements of screen readers, wherever the focus is. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

const PAUSE_MS = 15_000

const announcement = signal('')

export function Announcer() {
  return (
    <p class="visually-hidden" role="status">
      {announcement.value}
    </p>
  )
}

/** Announces once, when the component appears. Clears the text when it is gone. */
export function useAnnouncement(text: string): void {
  useEffect(() => {
    announcement.value = text
    return () => {
      if (announcement.value === text) announcement.value = ''
    }
  }, [])
}

let announcedAt = -Infinity

/** Announces what changes often: at most every 15 seconds, the last change in any case. */
export function useThrottledAnnouncement(text: string): void {
  useEffect(() => {
    const announce = (): void => {
      announcedAt = performance.now()
      announcement.value = text
    }
    const timer = setTimeout(announce, Math.max(0, announcedAt + PAUSE_MS - performance.now()))
    return () => clearTimeout(timer)
  }, [text])
  useEffect(() => () => void (announcement.value = ''), [])
}
