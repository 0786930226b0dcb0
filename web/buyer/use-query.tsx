/** What a part of the page asks for when it appears, and what stands there until it has it. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError } from '../shared/http.ts'
import { Action } from './action.tsx'
import { getMessages } from './messages.ts'

export interface QueryResult<Data> {
  /** undefined: not yet */
  data: Data | undefined
  failed: boolean
  /** Why it was refused, where asking refetch would not help. */
  code: string | undefined
  refetch: () => Promise<void>
}

/** Asks once. Another `load` asks nobody: a component that is about something else has another key. */
export function useQuery<Data>(load: () => Promise<Data>): QueryResult<Data> {
  const data = useSignal<Data | undefined>(undefined)
  const failed = useSignal(false)
  const code = useSignal<string | undefined>(undefined)
  const refetch = async (): Promise<void> => {
    failed.value = false
    try {
      data.value = await load()
    } catch (error) {
      code.value = error instanceof ApiError ? error.code : undefined
      failed.value = true
    }
  }
  useEffect(() => void refetch(), [])
  return { data: data.value, failed: failed.value, code: code.value, refetch: refetch }
}

/** @param refetch what "Try refetch" does, where it has failed */
export function LoadingState({
  failed = false,
  refetch: refetch,
}: Partial<Pick<QueryResult<unknown>, 'failed' | 'refetch'>>) {
  const messages = getMessages()
  if (!failed || !refetch) {
    return (
      <p class="hint" role="status">
        {messages.loading}
      </p>
    )
  }
  return (
    <section class="card" role="alert">
      <p>{messages.notLoaded}</p>
      <Action run={refetch}>{messages.tryAgain}</Action>
    </section>
  )
}
