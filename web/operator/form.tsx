/** A form that does one thing at a time, and says how it went. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren, InputHTMLAttributes } from 'preact'
import { ApiError } from '../shared/http.ts'
import { getMessages } from './messages.ts'

interface FormProps {
  /** @returns what to say when it worked */
  run: (data: FormData, form: HTMLFormElement) => Promise<string | undefined>
  button: string
  label: string
  children?: ComponentChildren
}

export function Form({ run, button, label, children }: FormProps) {
  const said = useSignal<{ message: string; failed: boolean } | null>(null)
  const busy = useSignal(false)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    if (busy.value) return
    busy.value = true
    try {
      const form = event.target as HTMLFormElement
      const message = await run(new FormData(form), form)
      said.value = message === undefined ? null : { message, failed: false }
    } catch (error) {
      said.value = { message: error instanceof ApiError ? error.message : getMessages().failed, failed: true }
    } finally {
      busy.value = false
    }
  }
  return (
    // What was said was about what stood there then.
    <form
      aria-label={label}
      onSubmit={(event) => void submit(event)}
      onInput={() => {
        said.value = null
      }}
    >
      {children}
      <button type="submit" class="action" aria-busy={busy.value}>
        {button}
      </button>
      <p class={said.value?.failed ? 'notice warn' : 'hint'} role="status">
        {said.value?.message}
      </p>
    </form>
  )
}

interface FieldProps {
  label: string
  name: string
  type?: 'text' | 'password' | 'number' | 'datetime-local'
  /** What stands in it at first. */
  defaultValue?: string | number
  placeholder?: string
  required?: boolean
  min?: number
  step?: string
  /** For what follows something else: what stands in it now, and who hears of another. */
  value?: string
  onInput?: (written: string) => void
}

export function Field({ label, type = 'text', required = true, onInput, ...input }: FieldProps) {
  const heard = ({ currentTarget }: InputEvent) => onInput?.((currentTarget as HTMLInputElement).value)
  // Which attributes go with which type is more than the types of preact can follow.
  const props = { ...input, type, required, onInput: heard } as InputHTMLAttributes
  return (
    <label>
      {label}
      <input {...props} />
    </label>
  )
}

/** What was typed; '' for what was not. */
export const fieldValue = (data: FormData, name: string): string => {
  const value = data.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
