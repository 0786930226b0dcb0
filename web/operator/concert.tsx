/** One concert: how it is doing, and what can be changed about its line. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ResultOf, VariablesOf } from '../shared/graphql.ts'
import { ask } from '../shared/http.ts'
import { numberOf } from '../shared/i18n.ts'
import { Chart } from './chart.tsx'
import { Forecast, History, UpdateQueue, WatchFigures } from './documents.ts'
import { Field, Form, typed } from './form.tsx'
import { credentials, load, streams, type Concert } from './session.ts'
import { text } from './text.ts'

type Figures = ResultOf<typeof WatchFigures>['figureChanges']
type Sample = ResultOf<typeof History>['concertHistory'][number]

const SHOWN = ['waiting', 'admitted', 'admissionsPerSecond', 'sold', 'held', 'free', 'pointsTaken'] as const
const SAMPLES_MAX = 2_000

export function ConcertCard({ id, title, queue }: Concert) {
  const figures = useSignal<Figures | null>(null)
  const history = useSignal<readonly Sample[]>([])
  useEffect(() => {
    const onValue = ({ figureChanges }: ResultOf<typeof WatchFigures>): void => {
      figures.value = figureChanges
      history.value = [...history.value, figureChanges].slice(-SAMPLES_MAX)
    }
    ask(History, { concertId: id }, credentials()).then(
      ({ concertHistory }) => (history.value = [...concertHistory, ...history.value]),
      () => undefined,
    )
    return streams.subscribe(WatchFigures, { concertId: id }, credentials(), {
      onValue,
      onEnd: () => undefined,
    })
  }, [id])
  const words = text()
  return (
    <section class="card" aria-label={title}>
      <h2>
        {title} <span class="hint">{queue.paused ? words.paused : words.running}</span>
      </h2>
      {figures.value && <Signs {...figures.value} />}
      <dl class="figures">
        {SHOWN.map((name) => (
          <div class="figure" key={name}>
            <dt>{words.figures[name]}</dt>
            <dd data-testid={name}>{figures.value ? numberOf(rounded(figures.value[name])) : '–'}</dd>
            <dd>
              <Chart
                label={words.lastHalfHour(words.figures[name])}
                points={history.value.map((sample) => ({ at: Date.parse(sample.at), value: sample[name] }))}
              />
            </dd>
          </div>
        ))}
      </dl>
      <Settings concertId={id} queue={queue} />
    </section>
  )
}

const rounded = (value: number): number => Math.round(value * 10) / 10

/** Words beside the colour, which not everybody sees. */
function Signs({ issued, waiting, admitted, finished, lapsed, oversold }: Figures) {
  const words = text()
  const whole = issued === waiting + admitted + finished + lapsed
  return (
    <p role="status">
      <span class={whole ? 'sign' : 'sign broken'}>
        {whole ? '✓' : '✗'} {whole ? words.addsUp : words.lost}
      </span>
      <span class={oversold === 0 ? 'sign' : 'sign broken'}>
        {oversold === 0 ? '✓' : '✗'} {oversold === 0 ? words.notOversold : words.oversold(oversold)}
      </span>
    </p>
  )
}

type Wanted = VariablesOf<typeof Forecast>

function Settings({ concertId, queue }: { concertId: string; queue: Concert['queue'] }) {
  /** What the forecast that is shown is about: only that can be put into force. */
  const wanted = useSignal<Wanted | null>(null)
  const words = text()
  const foresee = async (next: Wanted): Promise<string> => {
    wanted.value = null
    const { queueForecast } = await ask(Forecast, next, credentials())
    wanted.value = next
    return said(queueForecast)
  }
  const change = async (): Promise<undefined> => {
    const { value: input } = wanted
    if (input) await ask(UpdateQueue, { input }, credentials())
    wanted.value = null
    await load()
  }
  const asked = (data: FormData): Wanted => ({
    concertId,
    capacity: Number(typed(data, 'capacity')),
    ratePerSecond: typed(data, 'rate') === '' ? null : Number(typed(data, 'rate')),
  })
  const isPause = wanted.value?.paused !== undefined && wanted.value.paused !== null
  return (
    <>
      <div class="row" key={`${queue.capacity} ${queue.ratePerSecond}`}>
        <Form label={words.capacity} button={words.look} run={(data) => foresee(asked(data))}>
          <Field label={words.capacity} name="capacity" type="number" min={0} defaultValue={queue.capacity} />
          <Field
            label={words.rate}
            name="rate"
            type="number"
            min={0}
            step="any"
            required={false}
            placeholder={words.noLimit}
            defaultValue={queue.ratePerSecond ?? ''}
          />
        </Form>
        {wanted.value && !isPause && (
          <Form label={words.change} button={words.change} run={change}>
            {null}
          </Form>
        )}
      </div>
      <div class="row">
        <Form
          label={queue.paused ? words.resume : words.pause}
          button={queue.paused ? words.resume : words.pause}
          run={async () => {
            const paused = !queue.paused
            const message = await foresee({ concertId, paused })
            await change()
            return message
          }}
        >
          {null}
        </Form>
      </div>
    </>
  )
}

function said({ waiting, admissionsPerSecond, seconds }: ResultOf<typeof Forecast>['queueForecast']): string {
  const words = text()
  if (seconds === null) return admissionsPerSecond === 0 ? words.never(waiting) : words.unknown(waiting)
  const time = words.duration(Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60)
  return words.last(waiting, time)
}
