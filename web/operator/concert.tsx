/** One concert: how it is doing. */
import type { ReadonlySignal } from '@preact/signals'
import { formatNumber } from '../shared/i18n.ts'
import { useServerTime } from '../shared/use-server-time.ts'
import { Chart, roundToTenth } from './chart.tsx'
import { useStats, type Stats, type Sample } from './stats.ts'
import type { Concert } from './session.ts'
import { Settings } from './settings.tsx'
import { getMessages } from './messages.ts'

const STATS = ['waiting', 'admitted', 'admissionsPerSecond', 'sold', 'held', 'free', 'pointsTaken'] as const

export function ConcertCard(concert: Concert) {
  const { stats: figures, history, settings, failed, retry: tryAgain } = useStats(concert)
  const messages = getMessages()
  return (
    <section class="card" aria-label={concert.title}>
      <h2>
        {concert.title} <span class="hint">{settings.value.paused ? messages.paused : messages.running}</span>
      </h2>
      {failed.value && (
        <p class="notice warn" role="alert">
          {messages.noFigures}{' '}
          <button type="button" class="action quiet" onClick={tryAgain}>
            {messages.tryAgain}
          </button>
        </p>
      )}
      {figures.value && <ConsistencyChecks {...figures.value} />}
      <StatList stats={figures} history={history} />
      <Settings concertId={concert.id} settings={settings} />
    </section>
  )
}

interface StatListProps {
  stats: ReadonlySignal<Stats | null>
  history: ReadonlySignal<readonly Sample[]>
}

function StatList({ stats: figures, history }: StatListProps) {
  const now = useServerTime()
  const messages = getMessages()
  return (
    <dl class="stats">
      {STATS.map((name) => (
        <div class="stat" key={name}>
          <dt>{messages.figures[name]}</dt>
          <dd data-testid={name}>{figures.value ? formatNumber(roundToTenth(figures.value[name])) : '–'}</dd>
          <dd>
            <Chart
              label={messages.figures[name]}
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
function ConsistencyChecks({ issued, waiting, admitted, finished, lapsed, oversold }: Stats) {
  const messages = getMessages()
  const whole = issued === waiting + admitted + finished + lapsed
  return (
    <p role="status">
      <span class={whole ? 'check' : 'check failed'}>
        {whole ? '✓' : '✗'} {whole ? messages.addsUp : messages.lost}
      </span>
      <span class={oversold === 0 ? 'check' : 'check failed'}>
        {oversold === 0 ? '✓' : '✗'} {oversold === 0 ? messages.notOversold : messages.oversold(oversold)}
      </span>
    </p>
  )
}
