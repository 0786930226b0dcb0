/** Adding a concert with its dates. */
import { useSignal } from '@preact/signals'
import { ask, Refused } from '../shared/http.ts'
import { CreateConcert } from './documents.ts'
import { Field, Form, typed } from './form.tsx'
import { credentials, load } from './session.ts'
import { text } from './text.ts'

const DATES_MAX = 100

export function Create() {
  const dates = useSignal(1)
  const words = text()
  const create = async (data: FormData): Promise<string> => {
    const performances = data.getAll('startsAt').map((startsAt) => ({
      startsAt: new Date(startsAt as string).toISOString(),
      seatCount: Number(typed(data, 'seatCount')),
      seatPrice: Number(typed(data, 'seatPrice')),
    }))
    const input = {
      title: typed(data, 'title'),
      queueCapacity: Number(typed(data, 'capacity')),
      performances,
    }
    const { createConcert } = await ask(CreateConcert, { input }, credentials())
    if (createConcert.__typename !== 'Concert') throw new Refused(createConcert.message, 'REFUSED')
    await load()
    return words.added
  }
  return (
    <section class="card">
      <h2>{words.create}</h2>
      <Form label={words.create} button={words.create} run={create}>
        <Field label={words.concertTitle} name="title" />
        {Array.from({ length: dates.value }, (_, index) => (
          <Field key={index} label={words.startsAt} name="startsAt" type="datetime-local" />
        ))}
        <button
          type="button"
          class="action quiet"
          disabled={dates.value >= DATES_MAX}
          onClick={() => (dates.value += 1)}
        >
          {words.addDate}
        </button>
        <Field label={words.seatCount} name="seatCount" type="number" min={1} defaultValue={50} />
        <Field label={words.seatPrice} name="seatPrice" type="number" min={0} defaultValue={50_000} />
        <Field label={words.capacity} name="capacity" type="number" min={0} defaultValue={100} />
      </Form>
    </section>
  )
}
