/** localStorage and sessionStorage; memory, where the browser keeps nothing: all cookies blocked, some in-app browsers. */

export interface Store {
  /** Does it outlive the page? */
  isPersistent: boolean
  get(key: string): string | null
  /** @param value null: forgets it */
  set(key: string, value: string | null): void
  keys(): string[]
}

/** @returns undefined: it throws, is null, or takes nothing */
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
        // It is full: the page goes on with what it has in memory.
      }
    },
    keys: () => Object.keys(storage),
  }
}

export const local = openStore('localStorage')
export const session = openStore('sessionStorage')
