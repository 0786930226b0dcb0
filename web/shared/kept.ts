/** What outlives the page: values in localStorage, the same in every tab. */
import { signal, type Signal } from '@preact/signals'
import { local } from './storage.ts'

const kept = new Map<string, Signal<string | null>>()

/** The value under a key; setting it with `keep` shows in every tab. */
export function keptAt(key: string): Signal<string | null> {
  const present = kept.get(key)
  if (present) return present
  const made = signal(local.get(key))
  kept.set(key, made)
  return made
}

export function keep(key: string, value: string | null): void {
  local.set(key, value)
  keptAt(key).value = value
}

/** Forgets every value whose key begins like this. */
export function forgetAll(prefix: string): void {
  for (const key of local.keys()) if (key.startsWith(prefix)) keep(key, null)
}

window.addEventListener('storage', ({ key, newValue }) => {
  if (key !== null) {
    const known = kept.get(key)
    if (known) known.value = newValue
    return
  }
  for (const [name, value] of kept) value.value = local.get(name)
})
