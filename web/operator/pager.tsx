/** The way to what is older, and back. */
import { Form } from './form.tsx'
import type { Shown } from './session.ts'

interface PagerProps {
  shown: Shown<unknown>
  load: (from: string | null) => Promise<undefined>
  words: { older: string; newest: string }
}

export function Pager({ shown: { older, isNewest }, load, words }: PagerProps) {
  return (
    <div class="row">
      {!isNewest && <Form label={words.newest} button={words.newest} run={() => load(null)} />}
      {older && <Form label={words.older} button={words.older} run={() => load(older)} />}
    </div>
  )
}
