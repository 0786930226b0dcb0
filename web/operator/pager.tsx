/** Buttons for older items, and back to the newest. */
import { Form } from './form.tsx'
import type { ListPage } from './session.ts'

interface PagerProps {
  page: ListPage<unknown>
  load: (from: string | null) => Promise<undefined>
  messages: { older: string; newest: string }
}

export function Pager({ page: { olderCursor: older, isNewest }, load, messages }: PagerProps) {
  return (
    <div class="row">
      {!isNewest && <Form label={messages.newest} button={messages.newest} run={() => load(null)} />}
      {older && <Form label={messages.older} button={messages.older} run={() => load(older)} />}
    </div>
  )
}
