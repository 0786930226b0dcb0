/** The operators' page: every concert at a glance, and what can be done about it. */
import { effect, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Frame } from '../shared/frame.tsx'
import { FindBuyerCard } from './buyer.tsx'
import { ConcertCard } from './concert.tsx'
import { Create } from './create.tsx'
import { Field, Form, typed } from './form.tsx'
import { Pager } from './pager.tsx'
import { concerts, connected, expired, loadActions, loadConcerts, signIn, signOut, token } from './session.ts'
import { text } from './text.ts'
import { Trail } from './trail.tsx'

effect(() => {
  document.title = text().title
})

export function App() {
  const words = text()
  return (
    <Frame home="/" connected={connected.value} words={words} kind="desk">
      <h1>{words.desk}</h1>
      {token.value === null ? <SignIn /> : <Desk />}
    </Frame>
  )
}

function SignIn() {
  const words = text()
  return (
    <section class="card">
      {expired.value && (
        <p class="notice warn" role="alert">
          {words.expired}
        </p>
      )}
      <Form label={words.signIn} button={words.signIn} run={(data) => signIn(typed(data, 'token'))}>
        <Field label={words.token} name="token" type="password" />
      </Form>
      <p class="hint">{words.tokenHint}</p>
    </section>
  )
}

function Desk() {
  const failed = useSignal(false)
  const words = text()
  useEffect(() => {
    Promise.all([loadConcerts(), loadActions()]).catch(() => (failed.value = true))
  }, [])
  return (
    <>
      {failed.value && (
        <p class="notice warn" role="alert">
          {words.failed}
        </p>
      )}
      {concerts.value.items.map((concert) => (
        <ConcertCard key={concert.id} {...concert} />
      ))}
      <Pager
        shown={concerts.value}
        load={loadConcerts}
        words={{ older: words.olderConcerts, newest: words.newestConcerts }}
      />
      <Create />
      <FindBuyerCard />
      <Trail />
      <button type="button" class="action quiet" onClick={signOut}>
        {words.signOut}
      </button>
    </>
  )
}
