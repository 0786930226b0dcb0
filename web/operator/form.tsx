/** A form that runs one thing at a time, and shows the outcome. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren, InputHTMLAttributes } from 'preact'
import { ApiError } from '../../client/client.ts'
import { getMessages } from './messages.ts'

interface FormProps {
  /** @returns the message of success */
  run: (data: FormData, form: HTMLFormElement) => Promise<string | undefined>
  button: string
  label: string
  children?: ComponentChildren
}

export function Form({ run, button, label, children }: FormProps) {
  const outcome = useSignal<{ message: string; failed: boolean } | null>(null)
  const busy = useSignal(false)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (busy.value) return
    busy.value = true
    try {
      const form = event.target as HTMLFormElement
      const message = await run(new FormData(form), form)
      outcome.value = message === undefined ? null : { message, failed: false }
    } catch (error) {
      outcome.value = {
        message: error instanceof ApiError ? error.message : getMessages().failed,
        failed: true,
      }
    } finally {
      busy.value = false
    }
  }
  return (
    // An outcome is about what was typed before.
    <form
      aria-label={label}
      onSubmit={(event) => void submit(event)}
      onInput={() => {
        outcome.value = null
      }}
    >
      {children}
      <button type="submit" class="action" aria-busy={busy.value}>
        {button}
      </button>
      <p class={outcome.value?.failed ? 'notice warn' : 'hint'} role="status">
        {outcome.value?.message}
      </p>
    </form>
  )
}

interface FieldProps {
  label: string
  name: string
  type?: 'text' | 'password' | 'number' | 'datetime-local'
  defaultValue?: string | number
  placeholder?: string
  required?: boolean
  min?: number
  step?: string
  /** For a controlled field. */
  value?: string
  onInput?: (value: string) => void
}

export function Field({ label, type = 'text', required = true, onInput, ...input }: FieldProps) {
  const handleInput = ({ currentTarget }: InputEvent) => onInput?.((currentTarget as HTMLInputElement).value)
  // The types of preact cannot tell which attributes go with which type.
  const props = { ...input, type, required, onInput: handleInput } as InputHTMLAttributes
  return (
    <label>
      {label}
      <input {...props} />
    </label>
  )
}

/** Trimmed; '' for a field that is not there. */
export const fieldValue = (data: FormData, name: string): string => {
  const value = data.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
