import { useSignal } from '@preact/signals'
import { Action } from './action.tsx'
import { joinAnew } from './session.ts'
import { text } from './text.ts'

/** The access token has run out: what is still there, and what the visitor can do. Nothing is given up without their word. */
export function SignInEnded({ concertId }: { concertId: string }) {
  const sure = useSignal(false)
  const words = text()
  return (
    <section class="card notice warn" role="alert">
      <h2>{words.signInEnded}</h2>
      <p>{words.signInAgain}</p>
      {sure.value ? (
        <div role="group" aria-label={words.joinAnewSure}>
          <p>{words.joinAnewSure}</p>
          <div class="row">
            <Action kind="quiet" run={() => joinAnew(concertId)}>
              {words.yes}
            </Action>
            <Action kind="quiet" run={() => Promise.resolve(void (sure.value = false))}>
              {words.no}
            </Action>
          </div>
        </div>
      ) : (
        <button type="button" class="action quiet" onClick={() => (sure.value = true)}>
          {words.joinAnew}
        </button>
      )}
    </section>
  )
}
