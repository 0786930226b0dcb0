/** The operators' dashboard: the concerts, live, with their settings; the search for a buyer; the audit log. */
import { effect, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { connected } from '../shared/client.ts'
import { Layout } from '../shared/layout.tsx'
import { FindBuyerCard } from './find-buyer.tsx'
import { ConcertCard } from './concert.tsx'
import { CreateConcertCard } from './create-concert.tsx'
import { Field, Form, fieldValue } from './form.tsx'
import { Pager } from './pager.tsx'
import { concerts, expired, loadAuditLog, loadConcerts, signIn, signOut, token } from './session.ts'
import { getMessages } from './messages.ts'
import { AuditLogCard } from './audit-log.tsx'

effect(() => {
  document.title = getMessages().title
})

export function App() {
  const messages = getMessages()
  return (
    <Layout home="/" connected={connected.value} messages={messages} kind="dashboard">
      <h1>{messages.dashboard}</h1>
      {token.value === null ? <SignIn /> : <Dashboard />}
    </Layout>
  )
}

function SignIn() {
  const messages = getMessages()
  return (
    <section class="card">
      {expired.value && (
        <p class="notice warn" role="alert">
          {messages.expired}
        </p>
      )}
      <Form
        label={messages.signIn}
        button={messages.signIn}
        run={(data) => signIn(fieldValue(data, 'token'))}
      >
        <Field label={messages.token} name="token" type="password" />
      </Form>
      <p class="hint">{messages.tokenHint}</p>
    </section>
  )
}

function Dashboard() {
  const failed = useSignal(false)
  const messages = getMessages()
  useEffect(() => {
    Promise.all([loadConcerts(), loadAuditLog()]).catch(() => (failed.value = true))
  }, [])
  return (
    <>
      {failed.value && (
        <p class="notice warn" role="alert">
          {messages.failed}
        </p>
      )}
      {concerts.value.items.map((concert) => (
        <ConcertCard key={concert.id} {...concert} />
      ))}
      <Pager
        page={concerts.value}
        load={loadConcerts}
        messages={{ older: messages.olderConcerts, newest: messages.newestConcerts }}
      />
      <CreateConcertCard />
      <FindBuyerCard />
      <AuditLogCard />
      <button type="button" class="action quiet" onClick={signOut}>
        {messages.signOut}
      </button>
    </>
  )
}
