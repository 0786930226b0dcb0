/** A button that does one thing at a time, and says when it did not work. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { Refused } from '../shared/http.ts'
import { text } from './text.ts'

interface ActionProps {
  run: () => Promise<unknown>
  children: ComponentChildren
  kind?: 'primary' | 'quiet'
  disabled?: boolean
}

export function Action({ run, children, kind = 'primary', disabled = false }: ActionProps) {
  const busy = useSignal(false)
  const problem = useSignal<string | null>(null)
  const start = async (): Promise<void> => {
    if (busy.value) return
    busy.value = true
    problem.value = null
    try {
      await run()
    } catch (error) {
      problem.value = error instanceof Refused ? error.message : text().failed
    } finally {
      busy.value = false
    }
  }
  return (
    <>
      <button
        type="button"
        class={`action ${kind}`}
        disabled={disabled}
        aria-busy={busy.value}
        onClick={() => void start()}
      >
        {children}
      </button>
      {problem.value !== null && (
        <p class="notice warn" role="alert">
          {problem.value}
        </p>
      )}
    </>
  )
}
