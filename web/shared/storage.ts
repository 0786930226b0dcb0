/** localStorage and sessionStorage; memory where the browser has none: with all cookies blocked, in some in-app browsers. */

export interface Store {
  /** False: memory. */
  isPersistent: boolean
  get(key: string): string | null
  /** @param value null: removes it */
  set(key: string, value: string | null): void
  keys(): string[]
}

/** @returns undefined where it throws, is null, or stores nothing */
function usableStorage(name: 'localStorage' | 'sessionStorage'): Storage | undefined {
  try {
    const storage = window[name] as Storage | null
    storage?.setItem('probe', '')
    storage?.removeItem('probe')
    return storage ?? undefined
  } catch {
    return undefined
  }
}

function openStore(name: 'localStorage' | 'sessionStorage'): Store {
  const storage = usableStorage(name)
  const memory = new Map<string, string>()
  if (!storage) {
    return {
      isPersistent: false,
      get: (key) => memory.get(key) ?? null,
      set: (key, value) => {
        if (value === null) memory.delete(key)
        else memory.set(key, value)
      },
      keys: () => [...memory.keys()],
    }
  }
  return {
    isPersistent: true,
    get: (key) => storage.getItem(key),
    set: (key, value) => {
      try {
        if (value === null) storage.removeItem(key)
        else storage.setItem(key, value)
      } catch {
        // The storage is full: the signals still have the value.
      }
    },
    keys: () => Object.keys(storage),
  }
}

export const local = openStore('localStorage')
export const session = openStore('sessionStorage')
