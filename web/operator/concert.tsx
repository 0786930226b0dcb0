/** One concert: how it is doing. */
import type { ReadonlySignal } from '@preact/signals'
import { numberOf } from '../shared/i18n.ts'
import { useServerTime } from '../shared/ticker.ts'
import { Chart, rounded } from './chart.tsx'
import { useFigures, type Figures, type Sample } from './figures.ts'
import type { Concert } from './session.ts'
import { Settings } from './settings.tsx'
import { text } from './text.ts'

const SHOWN = ['waiting', 'admitted', 'admissionsPerSecond', 'sold', 'held', 'free', 'pointsTaken'] as const

export function ConcertCard(concert: Concert) {
  const { figures, history, settings, failed, tryAgain } = useFigures(concert)
  const words = text()
  return (
    <section class="card" aria-label={concert.title}>
      <h2>
        {concert.title} <span class="hint">{settings.value.paused ? words.paused : words.running}</span>
      </h2>
      {failed.value && (
        <p class="notice warn" role="alert">
          {words.noFigures}{' '}
          <button type="button" class="action quiet" onClick={tryAgain}>
            {words.tryAgain}
          </button>
        </p>
      )}
      {figures.value && <Signs {...figures.value} />}
      <FigureList figures={figures} history={history} />
      <Settings concertId={concert.id} settings={settings} />
    </section>
  )
}

interface FigureListProps {
  figures: ReadonlySignal<Figures | null>
  history: ReadonlySignal<readonly Sample[]>
}

function FigureList({ figures, history }: FigureListProps) {
  const now = useServerTime()
  const words = text()
  return (
    <dl class="figures">
      {SHOWN.map((name) => (
        <div class="figure" key={name}>
          <dt>{words.figures[name]}</dt>
          <dd data-testid={name}>{figures.value ? numberOf(rounded(figures.value[name])) : '–'}</dd>
          <dd>
            <Chart
              label={words.figures[name]}
              points={history.value.map((sample) => ({ at: Date.parse(sample.at), value: sample[name] }))}
              now={now}
            />
          </dd>
        </div>
      ))}
    </dl>
  )
}

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
