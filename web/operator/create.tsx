/** Adding a concert with its dates. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { Refused } from '../shared/http.ts'
import { CreateConcert } from './documents.ts'
import { Field, Form, typed } from './form.tsx'
import { loadActions, loadConcerts, request } from './session.ts'
import { text } from './text.ts'

const DATES_MAX = 100

/** What the times that are typed mean. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

export function Create() {
  const dates = useSignal(1)
  const keyOf = useKey()
  const words = text()
  const create = async (data: FormData, form: HTMLFormElement): Promise<string> => {
    const [counts, prices] = [data.getAll('seatCount'), data.getAll('seatPrice')]
    const concert = {
      title: typed(data, 'title'),
      queueCapacity: Number(typed(data, 'capacity')),
      queueRatePerSecond: typed(data, 'rate') === '' ? null : Number(typed(data, 'rate')),
      performances: data.getAll('startsAt').map((startsAt, index) => ({
        startsAt: new Date(startsAt as string).toISOString(),
        seatCount: Number(counts[index]),
        seatPrice: Number(prices[index]),
      })),
    }
    const input = { ...concert, idempotencyKey: keyOf(JSON.stringify(concert)) }
    const { createConcert } = await request(CreateConcert, { input })
    if (createConcert.__typename !== 'Concert') throw new Refused(createConcert.message, 'REFUSED')
    keyOf(null)
    form.reset()
    dates.value = 1
    await Promise.all([loadConcerts(), loadActions()])
    return words.added
  }
  return (
    <section class="card">
      <h2>{words.create}</h2>
      <Form label={words.create} button={words.create} run={create}>
        <Field label={words.concertTitle} name="title" />
        <Field label={words.capacity} name="capacity" type="number" min={0} defaultValue={100} />
        <Field
          label={words.rate}
          name="rate"
          type="number"
          min={0}
          step="any"
          required={false}
          placeholder={words.noLimit}
        />
        {Array.from({ length: dates.value }, (_, index) => (
          <fieldset key={index}>
            <legend>{words.date(index + 1)}</legend>
            <Field label={words.startsAt(zone)} name="startsAt" type="datetime-local" />
            <Field label={words.seatCount} name="seatCount" type="number" min={1} defaultValue={50} />
            <Field label={words.seatPrice} name="seatPrice" type="number" min={0} defaultValue={50_000} />
          </fieldset>
        ))}
        <button
          type="button"
          class="action quiet"
          disabled={dates.value >= DATES_MAX}
          onClick={() => (dates.value += 1)}
        >
          {words.addDate}
        </button>
      </Form>
    </section>
  )
}

/** @returns the key of an intent, the same until it is another one or, with null, over: whoever tries again after no answer came adds nothing twice */
function useKey(): (intent: string | null) => string {
  const last = useRef<{ intent: string | null; key: string }>({ intent: null, key: '' })
  return (intent) => {
    if (intent !== last.current.intent) {
      // 128 random bits: randomUUID would be there over HTTPS only.
      last.current = { intent, key: crypto.getRandomValues(new Uint32Array(4)).join('-') }
    }
    return last.current.key
  }
}
