import { useSignal } from '@preact/signals'
import { Action } from './action.tsx'
import { getMessages } from './messages.ts'
import { leave } from './queue.ts'

interface LeaveButtonProps {
  concertId: string
  label: string
  question: string
}

/** Gives up the place in the queue or the turn, after a question. */
export function LeaveButton({ concertId, label, question }: LeaveButtonProps) {
  const asked = useSignal(false)
  const messages = getMessages()
  if (!asked.value) {
    return (
      <button type="button" class="action quiet" onClick={() => (asked.value = true)}>
        {label}
      </button>
    )
  }
  return (
    <div class="row" role="group" aria-label={question}>
      <span>{question}</span>
      <Action kind="quiet" run={() => leave(concertId)}>
        {messages.yes}
      </Action>
      <Action kind="quiet" run={() => Promise.resolve(void (asked.value = false))}>
        {messages.no}
      </Action>
    </div>
  )
}
