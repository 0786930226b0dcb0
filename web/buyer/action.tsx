/** A button that runs one thing at a time, and shows why it failed. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { ApiError } from '../../client/client.ts'
import { errorMessage, getMessages } from './messages.ts'

/** An outcome of a mutation that the visitor can act on. */
export interface Refusal {
  __typename: string
  message: string
}

interface ActionProps {
  /** @returns the refusal, if there was one */
  run: () => Promise<Refusal | null> | Promise<void>
  children: ComponentChildren
  kind?: 'primary' | 'quiet'
  disabled?: boolean
}

export function Action({ run, children, kind = 'primary', disabled = false }: ActionProps) {
  const busy = useSignal(false)
  /** A function: the language may change while it is shown. */
  const problem = useSignal<(() => string) | null>(null)
  const start = async (): Promise<void> => {
    if (busy.value) return
    busy.value = true
    problem.value = null
    try {
      const refusal = (await run()) ?? null
      if (refusal) problem.value = () => errorMessage(refusal.__typename, refusal.message)
    } catch (error) {
      problem.value = () =>
        error instanceof ApiError ? errorMessage(error.code, error.message) : getMessages().failed
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
          {problem.value()}
        </p>
      )}
    </>
  )
}
