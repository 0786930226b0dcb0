/** The operators' page: every concert at a glance, and what can be done about it. */
import { effect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Frame } from '../shared/frame.tsx'
import { Refused } from '../shared/http.ts'
import { FindBuyerCard } from './buyer.tsx'
import { ConcertCard } from './concert.tsx'
import { Create } from './create.tsx'
import { Field, Form, typed } from './form.tsx'
import { concerts, connected, load, signIn, signOut, token } from './session.ts'
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
  const enter = async (data: FormData): Promise<undefined> => {
    await signIn(typed(data, 'token'))
  }
  return (
    <section class="card">
      <Form label={words.signIn} button={words.signIn} run={enter}>
        <Field label={words.token} name="token" type="password" />
      </Form>
      <p class="hint">{words.tokenHint}</p>
    </section>
  )
}

function Desk() {
  useEffect(() => {
    load().catch((error: unknown) => {
      if (error instanceof Refused) signOut()
    })
  }, [])
  return (
    <>
      {concerts.value.map((concert) => (
        <ConcertCard key={concert.id} {...concert} />
      ))}
      <Create />
      <FindBuyerCard />
      <Trail />
      <button type="button" class="action quiet" onClick={signOut}>
        {text().signOut}
      </button>
    </>
  )
}
