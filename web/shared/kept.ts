/** What outlives the page: values in localStorage, the same in every tab. */
import { signal, type Signal } from '@preact/signals'

const kept = new Map<string, Signal<string | null>>()

/** The value under a key; setting it with `keep` shows in every tab. */
export function keptAt(key: string): Signal<string | null> {
  const present = kept.get(key)
  if (present) return present
  const made = signal(localStorage.getItem(key))
  kept.set(key, made)
  return made
}

export function keep(key: string, value: string | null): void {
  if (value === null) localStorage.removeItem(key)
  else localStorage.setItem(key, value)
  keptAt(key).value = value
}

/** Forgets every value whose key begins like this. */
export function forgetAll(prefix: string): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) keep(key, null)
}

window.addEventListener('storage', ({ key, newValue }) => {
  if (key !== null) {
    const known = kept.get(key)
    if (known) known.value = newValue
    return
  }
  for (const [name, value] of kept) value.value = localStorage.getItem(name)
})
