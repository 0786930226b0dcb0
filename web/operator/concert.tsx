/** One concert: its statistics and settings. */
import type { ReadonlySignal } from '@preact/signals'
import { formatNumber } from '../shared/i18n.ts'
import { useServerTime } from '../shared/use-server-time.ts'
import { Chart, roundToTenth } from './chart.tsx'
import { useStats, type Stats, type Sample } from './stats.ts'
import type { Concert } from './session.ts'
import { Settings } from './settings.tsx'
import { getMessages } from './messages.ts'

const STATS = ['waiting', 'admitted', 'admissionsPerSecond', 'sold', 'held', 'free', 'revenue'] as const

export function ConcertCard(concert: Concert) {
  const { stats, history, settings, failed, retry } = useStats(concert)
  const messages = getMessages()
  return (
    <section class="card" aria-label={concert.title}>
      <h2>
        {concert.title} <span class="hint">{settings.value.paused ? messages.paused : messages.running}</span>
      </h2>
      {failed.value && (
        <p class="notice warn" role="alert">
          {messages.noStats}{' '}
          <button type="button" class="action quiet" onClick={retry}>
            {messages.tryAgain}
          </button>
        </p>
      )}
      {stats.value && <ConsistencyChecks {...stats.value} />}
      <StatList stats={stats} history={history} />
      <Settings concertId={concert.id} settings={settings} />
    </section>
  )
}

interface StatListProps {
  stats: ReadonlySignal<Stats | null>
  history: ReadonlySignal<readonly Sample[]>
}

function StatList({ stats, history }: StatListProps) {
  const now = useServerTime()
  const messages = getMessages()
  return (
    <dl class="stats">
      {STATS.map((name) => (
        <div class="stat" key={name}>
          <dt>{messages.stats[name]}</dt>
          <dd data-testid={name}>{stats.value ? formatNumber(roundToTenth(stats.value[name])) : '–'}</dd>
          <dd>
            <Chart
              label={messages.stats[name]}
              points={history.value.map((sample) => ({ at: Date.parse(sample.at), value: sample[name] }))}
              now={now}
            />
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** In words too: colour alone is not accessible. */
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
