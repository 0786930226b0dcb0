/** The settings of a queue. A change is shown with its forecast first, and applied after a confirmation. */
import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { QueueForecastDocument, UpdateQueueDocument } from '../../client/documents.ts'
import type { ResultOf, VariablesOf } from '../../client/graphql.ts'
import type { QueueSettings } from './stats.ts'
import { Field, Form } from './form.tsx'
import { loadAuditLog, request } from './session.ts'
import { getMessages } from './messages.ts'

/** What is left out stays as it is, also when another operator changes it meanwhile. */
type Change = Omit<VariablesOf<typeof QueueForecastDocument>, 'concertId'>

interface SettingsProps {
  concertId: string
  settings: Signal<QueueSettings>
}

export function Settings({ concertId, settings }: SettingsProps) {
  /** What was typed. A field that was not touched shows what is in force. */
  const draft = useSignal<{ capacity?: string; rate?: string }>({})
  const pending = useSignal<{ change: Change; forecast: string } | null>(null)
  const messages = getMessages()
  const { capacity, ratePerSecond, paused } = settings.value
  const shown = { capacity: String(capacity), rate: String(ratePerSecond ?? ''), ...draft.value }

  const discard = (): void => {
    pending.value = null
  }
  // A forecast is about the settings of then.
  useEffect(discard, [capacity, ratePerSecond, paused])

  const write = (typed: typeof draft.value): void => {
    draft.value = { ...draft.value, ...typed }
    discard()
  }
  const forecast = async (change: Change): Promise<undefined> => {
    discard()
    const { value: typed } = draft
    const { queueForecast } = await request(QueueForecastDocument, { concertId, ...change })
    // Another draft needs another forecast.
    if (draft.value === typed) pending.value = { change, forecast: describeForecast(queueForecast) }
  }
  const forecastTyped = async (): Promise<string | undefined> => {
    const rate = shown.rate === '' ? null : Number(shown.rate)
    const change = {
      ...(Number(shown.capacity) === capacity ? {} : { capacity: Number(shown.capacity) }),
      ...(rate === ratePerSecond ? {} : { ratePerSecond: rate }),
    }
    return Object.keys(change).length === 0 ? messages.unchanged : forecast(change)
  }
  const apply = async (change: Change): Promise<undefined> => {
    settings.value = (
      await request(UpdateQueueDocument, { input: { concertId, ...change } })
    ).updateQueue.queue
    if (change.paused === undefined) draft.value = {}
    await loadAuditLog()
  }

  return (
    <>
      <div class="row">
        <Form label={messages.capacity} button={messages.forecast} run={forecastTyped}>
          <Field
            label={messages.capacity}
            name="capacity"
            type="number"
            min={0}
            value={shown.capacity}
            onInput={(typed) => write({ capacity: typed })}
          />
          <Field
            label={messages.rate}
            name="rate"
            type="number"
            min={0}
            step="any"
            required={false}
            placeholder={messages.noLimit}
            value={shown.rate}
            onInput={(typed) => write({ rate: typed })}
          />
        </Form>
        <Form
          label={paused ? messages.resume : messages.pause}
          button={paused ? messages.resume : messages.pause}
          run={() => forecast({ paused: !paused })}
        />
      </div>
      <p class={pending.value ? 'notice' : ''} role="status">
        {pending.value && (
          <>
            <strong>{describeChange(pending.value.change, settings.value)}</strong> {pending.value.forecast}
          </>
        )}
      </p>
      {pending.value && <Confirm change={pending.value.change} apply={apply} cancel={discard} />}
    </>
  )
}

interface ConfirmProps {
  change: Change
  apply: (change: Change) => Promise<undefined>
  cancel: () => void
}

function Confirm({ change, apply, cancel }: ConfirmProps) {
  const messages = getMessages()
  return (
    <div class="row">
      <Form label={messages.change} button={messages.change} run={() => apply(change)} />
      <button type="button" class="action quiet" onClick={cancel}>
        {messages.keep}
      </button>
    </div>
  )
}

/** The difference to the settings of now. */
function describeChange(change: Change, now: QueueSettings): string {
  const messages = getMessages()
  const rateOf = (rate: number | null): string => (rate === null ? messages.noLimit : String(rate))
  return [
    change.capacity != null && `${messages.capacity}: ${now.capacity} → ${change.capacity}.`,
    change.ratePerSecond !== undefined &&
      `${messages.rate}: ${rateOf(now.ratePerSecond)} → ${rateOf(change.ratePerSecond)}.`,
    change.paused != null && `${change.paused ? messages.pause : messages.resume}.`,
  ]
    .filter(Boolean)
    .join(' ')
}

function describeForecast({
  waiting,
  admissionsPerSecond,
  seconds,
}: ResultOf<typeof QueueForecastDocument>['queueForecast']): string {
  const messages = getMessages()
  if (seconds === null) return admissionsPerSecond === 0 ? messages.never(waiting) : messages.unknown(waiting)
  const time = messages.duration(
    Math.floor(seconds / 3_600),
    Math.floor((seconds % 3_600) / 60),
    seconds % 60,
  )
  return messages.last(waiting, time)
}
