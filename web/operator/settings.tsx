/** What can be changed about a line. First it is said what that would do, and only what was said is done. */
import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ResultOf, VariablesOf } from '../shared/graphql.ts'
import { Forecast, UpdateQueue } from './documents.ts'
import type { QueueSettings } from './stats.ts'
import { Field, Form } from './form.tsx'
import { loadAuditLog, request } from './session.ts'
import { getMessages } from './messages.ts'

/** What is left out stays as it is, also when somebody else changes it meanwhile. */
type Change = Omit<VariablesOf<typeof Forecast>, 'concertId'>

interface SettingsProps {
  concertId: string
  settings: Signal<QueueSettings>
}

export function Settings({ concertId, settings }: SettingsProps) {
  /** What was typed; a field that nobody touched shows what is in force. */
  const draft = useSignal<{ capacity?: string; rate?: string }>({})
  const pending = useSignal<{ change: Change; outlook: string } | null>(null)
  const messages = getMessages()
  const { capacity, ratePerSecond, paused } = settings.value
  const shown = { capacity: String(capacity), rate: String(ratePerSecond ?? ''), ...draft.value }

  const drop = (): void => {
    pending.value = null
  }
  // What was said was about a change of what is not there any more.
  useEffect(drop, [capacity, ratePerSecond, paused])

  const write = (typed: typeof draft.value): void => {
    draft.value = { ...draft.value, ...typed }
    drop()
  }
  const foresee = async (change: Change): Promise<undefined> => {
    drop()
    const { value: written } = draft
    const { queueForecast } = await request(Forecast, { concertId, ...change })
    // Who went on typing wants to know something else.
    if (draft.value === written) pending.value = { change, outlook: describeForecast(queueForecast) }
  }
  const foreseeTyped = async (): Promise<string | undefined> => {
    const rate = shown.rate === '' ? null : Number(shown.rate)
    const change = {
      ...(Number(shown.capacity) === capacity ? {} : { capacity: Number(shown.capacity) }),
      ...(rate === ratePerSecond ? {} : { ratePerSecond: rate }),
    }
    return Object.keys(change).length === 0 ? messages.unchanged : foresee(change)
  }
  const apply = async (change: Change): Promise<undefined> => {
    settings.value = (await request(UpdateQueue, { input: { concertId, ...change } })).updateQueue
    if (change.paused === undefined) draft.value = {}
    await loadAuditLog()
  }

  return (
    <>
      <div class="row">
        <Form label={messages.capacity} button={messages.look} run={foreseeTyped}>
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
          run={() => foresee({ paused: !paused })}
        />
      </div>
      <p class={pending.value ? 'notice' : ''} role="status">
        {pending.value && (
          <>
            <strong>{describeChange(pending.value.change, settings.value)}</strong> {pending.value.outlook}
          </>
        )}
      </p>
      {pending.value && <Confirm change={pending.value.change} apply={apply} cancel={drop} />}
    </>
  )
}

interface ConfirmProps {
  change: Change
  apply: (change: Change) => Promise<undefined>
  cancel: () => void
}

function Confirm({ change, apply, cancel: leave }: ConfirmProps) {
  const messages = getMessages()
  return (
    <div class="row">
      <Form label={messages.change} button={messages.change} run={() => apply(change)} />
      <button type="button" class="action quiet" onClick={leave}>
        {messages.leave}
      </button>
    </div>
  )
}

/** What would be different. */
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

/** What would come of it. */
function describeForecast({
  waiting,
  admissionsPerSecond,
  seconds,
}: ResultOf<typeof Forecast>['queueForecast']): string {
  const messages = getMessages()
  if (seconds === null) return admissionsPerSecond === 0 ? messages.never(waiting) : messages.unknown(waiting)
  const time = messages.duration(
    Math.floor(seconds / 3_600),
    Math.floor((seconds % 3_600) / 60),
    seconds % 60,
  )
  return messages.last(waiting, time)
}
