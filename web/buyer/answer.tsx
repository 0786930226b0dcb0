/** What a part of the page asks for when it appears, and what stands there until it has it. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Refused } from '../shared/http.ts'
import { Action } from './action.tsx'
import { text } from './text.ts'

export interface Answer<Data> {
  /** undefined: not yet */
  data: Data | undefined
  failed: boolean
  /** Why it was refused, where asking again would not help. */
  code: string | undefined
  again: () => Promise<void>
}

/** Asks once. Another `load` asks nobody: a component that is about something else has another key. */
export function useAnswer<Data>(load: () => Promise<Data>): Answer<Data> {
  const data = useSignal<Data | undefined>(undefined)
  const failed = useSignal(false)
  const code = useSignal<string | undefined>(undefined)
  const again = async (): Promise<void> => {
    failed.value = false
    try {
      data.value = await load()
    } catch (error) {
      code.value = error instanceof Refused ? error.code : undefined
      failed.value = true
    }
  }
  useEffect(() => void again(), [])
  return { data: data.value, failed: failed.value, code: code.value, again }
}

/** @param again what "Try again" does, where it has failed */
export function Pending({ failed = false, again }: Partial<Pick<Answer<unknown>, 'failed' | 'again'>>) {
  const words = text()
  if (!failed || !again) {
    return (
      <p class="hint" role="status">
        {words.loading}
      </p>
    )
  }
  return (
    <section class="card" role="alert">
      <p>{words.notLoaded}</p>
      <Action run={again}>{words.tryAgain}</Action>
    </section>
  )
}
