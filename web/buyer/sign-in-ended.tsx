import { useSignal } from '@preact/signals'
import { Action } from './action.tsx'
import { getMessages } from './messages.ts'
import { joinAsNewUser } from './queue.ts'

/** The access token has expired: what is still there, and what the visitor can do. */
export function SignInEnded({ concertId }: { concertId: string }) {
  const sure = useSignal(false)
  const messages = getMessages()
  return (
    <section class="card notice warn" role="alert">
      <h2>{messages.signInEnded}</h2>
      <p>{messages.signInAgain}</p>
      {sure.value ? (
        <div role="group" aria-label={messages.joinAsNewUserSure}>
          <p>{messages.joinAsNewUserSure}</p>
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
          {messages.joinAsNewUser}
        </button>
      )}
    </section>
  )
}
