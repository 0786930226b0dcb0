import { useSignal } from '@preact/signals'
import { Action } from './action.tsx'
import { joinAsNewUser } from './session.ts'
import { getMessages } from './messages.ts'

/** The access token has run out: what is still there, and what the visitor can do. Nothing is given up without their word. */
export function SignInEnded({ concertId }: { concertId: string }) {
  const sure = useSignal(false)
  const messages = getMessages()
  return (
    <section class="card notice warn" role="alert">
      <h2>{messages.signInEnded}</h2>
      <p>{messages.signInAgain}</p>
      {sure.value ? (
        <div role="group" aria-label={messages.joinAnewSure}>
          <p>{messages.joinAnewSure}</p>
          <div class="row">
            <Action kind="quiet" run={() => joinAsNewUser(concertId)}>
              {messages.yes}
            </Action>
            <Action kind="quiet" run={() => Promise.resolve(void (sure.value = false))}>
              {messages.no}
            </Action>
          </div>
        </div>
      ) : (
        <button type="button" class="action quiet" onClick={() => (sure.value = true)}>
          {messages.joinAnew}
        </button>
      )}
    </section>
  )
}
