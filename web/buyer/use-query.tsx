/** A query that a component sends when it appears, and what is shown until the data is there. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError } from '../../client/client.ts'
import { Action } from './action.tsx'
import { getMessages } from './messages.ts'

export interface QueryResult<Data> {
  /** Undefined: not yet. */
  data: Data | undefined
  failed: boolean
  /** Of the error. Undefined: the network. */
  code: string | undefined
  refetch: () => Promise<void>
}

/** Loads once. A component that is about something else needs another key. */
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
  return { data: data.value, failed: failed.value, code: code.value, refetch }
}

/** @param refetch run by "Try again" */
export function LoadingState({
  failed = false,
  refetch,
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
