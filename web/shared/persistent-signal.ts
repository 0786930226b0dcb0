/** What outlives the page: values in localStorage, the same in every tab. */
import { signal, type Signal } from '@preact/signals'
import { local } from './storage.ts'

const signals = new Map<string, Signal<string | null>>()

/** The value under a key; setting it with `keep` shows in every tab. */
export function persistentSignal(key: string): Signal<string | null> {
  const present = signals.get(key)
  if (present) return present
  const made = signal(local.get(key))
  signals.set(key, made)
  return made
}

export function persist(key: string, value: string | null): void {
  local.set(key, value)
  persistentSignal(key).value = value
}

/** Forgets every value whose key begins like this. */
export function removeByPrefix(prefix: string): void {
  for (const key of local.keys()) if (key.startsWith(prefix)) persist(key, null)
}

window.addEventListener('storage', ({ key, newValue }) => {
  if (key !== null) {
    const known = signals.get(key)
    if (known) known.value = newValue
    return
  }
  for (const [name, value] of signals) value.value = local.get(name)
})
