/** Signals of values in localStorage, the same in every tab. */
import { signal, type Signal } from '@preact/signals'
import { local } from './storage.ts'

const signals = new Map<string, Signal<string | null>>()

/** The value of a key. Set it with `persist`. */
export function persistentSignal(key: string): Signal<string | null> {
  const existing = signals.get(key)
  if (existing) return existing
  const created = signal(local.get(key))
  signals.set(key, created)
  return created
}

export function persist(key: string, value: string | null): void {
  local.set(key, value)
  persistentSignal(key).value = value
}

/** Removes every value whose key has this prefix. */
export function removeByPrefix(prefix: string): void {
  for (const key of local.keys()) if (key.startsWith(prefix)) persist(key, null)
}

window.addEventListener('storage', ({ key, newValue }) => {
  if (key !== null) {
    const existing = signals.get(key)
    if (existing) existing.value = newValue
    return
  }
  for (const [name, value] of signals) value.value = local.get(name)
})
