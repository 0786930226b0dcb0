/** Adding a concert with its dates. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { ApiError } from '../../client/client.ts'
import { CreateConcertDocument } from '../../client/documents.ts'
import { randomKey } from '../shared/random-key.ts'
import { Field, Form, fieldValue } from './form.tsx'
import { loadAuditLog, loadConcerts, request } from './session.ts'
import { getMessages } from './messages.ts'

const DATES_MAX = 100

/** Of the times that are typed. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

export function CreateConcertCard() {
  const dates = useSignal(1)
  const keyOf = useIdempotencyKey()
  const messages = getMessages()
  const create = async (data: FormData, form: HTMLFormElement): Promise<string> => {
    const [counts, prices] = [data.getAll('seatCount'), data.getAll('seatPrice')]
    const concert = {
      title: fieldValue(data, 'title'),
      queueCapacity: Number(fieldValue(data, 'capacity')),
      queueRatePerSecond: fieldValue(data, 'rate') === '' ? null : Number(fieldValue(data, 'rate')),
      performances: data.getAll('startsAt').map((startsAt, index) => ({
        startsAt: new Date(startsAt as string).toISOString(),
        seatCount: Number(counts[index]),
        seatPrice: Number(prices[index]),
      })),
    }
    const input = { ...concert, idempotencyKey: keyOf(JSON.stringify(concert)) }
    const { createConcert } = await request(CreateConcertDocument, { input })
    if (createConcert.__typename !== 'CreateConcertPayload')
      throw new ApiError(createConcert.message, 'REFUSED')
    keyOf(null)
    form.reset()
    dates.value = 1
    await Promise.all([loadConcerts(), loadAuditLog()])
    return messages.added
  }
  return (
    <section class="card">
      <h2>{messages.create}</h2>
      <Form label={messages.create} button={messages.create} run={create}>
        <Field label={messages.concertTitle} name="title" />
        <Field label={messages.capacity} name="capacity" type="number" min={0} defaultValue={100} />
        <Field
          label={messages.rate}
          name="rate"
          type="number"
          min={0}
          step="any"
          required={false}
          placeholder={messages.noLimit}
        />
        {Array.from({ length: dates.value }, (_, index) => (
          <fieldset key={index}>
            <legend>{messages.date(index + 1)}</legend>
            <Field label={messages.startsAt(zone)} name="startsAt" type="datetime-local" />
            <Field label={messages.seatCount} name="seatCount" type="number" min={1} defaultValue={50} />
            <Field label={messages.seatPrice} name="seatPrice" type="number" min={0} defaultValue={50_000} />
          </fieldset>
        ))}
        <button
          type="button"
          class="action quiet"
          disabled={dates.value >= DATES_MAX}
          onClick={() => (dates.value += 1)}
        >
          {messages.addDate}
        </button>
      </Form>
    </section>
  )
}

/**
 * The idempotency key of an intent. It stays the same until the intent is another one or, with null, done, so that a second
 * attempt after a lost response adds nothing twice.
 */
function useIdempotencyKey(): (intent: string | null) => string {
  const last = useRef<{ intent: string | null; key: string }>({ intent: null, key: '' })
  return (intent) => {
    if (intent !== last.current.intent) {
      last.current = { intent, key: randomKey() }
    }
    return last.current.key
  }
}
