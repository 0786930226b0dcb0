/** Two languages: the browser's at first, then the visitor's choice. */
import { signal } from '@preact/signals'
import { local } from './storage.ts'

export type Language = 'en' | 'ko'

const KEY = 'language'
const stored = local.get(KEY)
const preferred = navigator.language.startsWith('ko') ? 'ko' : 'en'

export const language = signal<Language>(stored === 'en' || stored === 'ko' ? stored : preferred)

export function setLanguage(next: Language): void {
  language.value = next
  local.set(KEY, next)
}

export const formatNumber = (value: number): string => value.toLocaleString(language.value)

/** In the browser's time zone, and with its name: the venue may be in another one. */
export const formatDate = (moment: string): string =>
  new Date(moment).toLocaleString(language.value, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  })

/** Minutes and seconds, rounded down: time that is certainly left. */
export const formatDuration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
