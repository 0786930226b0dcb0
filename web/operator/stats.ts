/** How a concert is doing: live, and in the last half hour. */
import { useSignal, type ReadonlySignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ResultOf } from '../shared/graphql.ts'
import { History, WatchStats } from './documents.ts'
import { connected, credentials, handleErrorCode, request, subscriptions, type Concert } from './session.ts'

export type Stats = ResultOf<typeof WatchStats>['figureChanges']
export type QueueSettings = Concert['queue']
export type Sample = ResultOf<typeof History>['concertHistory'][number]

interface UseStatsResult {
  stats: ReadonlySignal<Stats | null>
  /** In order of time. */
  history: ReadonlySignal<readonly Sample[]>
  /** As they stand, whoever changed them. */
  settings: Signal<QueueSettings>
  /** Has the server not begun, or stopped, to send the figures? */
  failed: ReadonlySignal<boolean>
  retry: () => void
}

/** The first figures come within a second or two. */
const FIRST_MS_MAX = 8_000

export function useStats({ id, queue }: Concert): UseStatsResult {
  const figures = useSignal<Stats | null>(null)
  const history = useSignal<readonly Sample[]>([])
  const settings = useSignal<QueueSettings>(queue)
  const failed = useSignal(false)
  const attempt = useSignal(1)

  useEffect(() => {
    failed.value = false
    // A server that is too busy for it is asked again and again, and nobody would hear of that.
    const late = setTimeout(() => (failed.value = true), FIRST_MS_MAX)
    const stop = subscriptions.subscribe(WatchStats, { concertId: id }, credentials(), {
      onValue: ({ figureChanges }) => {
        clearTimeout(late)
        failed.value = false
        figures.value = figureChanges
        history.value = appendSample(history.value, figureChanges)
        if (figureChanges.settings) settings.value = figureChanges.settings
      },
      onEnd: () => (failed.value = true),
      onRefused: (code) => {
        failed.value = true
        handleErrorCode(code)
      },
    })
    return () => {
      clearTimeout(late)
      stop()
    }
  }, [id, attempt.value])

  // Again when the connection is back: the server remembers what was not heard here.
  useEffect(() => {
    if (!connected.value) return
    request(History, { concertId: id }).then(
      ({ concertHistory }) => {
        const known = concertHistory[concertHistory.length - 1]?.at ?? ''
        history.value = [...concertHistory, ...history.value.filter(({ at }) => at > known)]
      },
      // Without it the charts begin now.
      () => undefined,
    )
  }, [id, connected.value])

  return { stats: figures, history, settings, failed, retry: () => (attempt.value += 1) }
}

/** As close together as the server keeps them, and a little more than it keeps. */
const SAMPLE_MS = 5_000
const SAMPLES_MAX = 400

/** Of what comes within five seconds the newest is kept. */
function appendSample(history: readonly Sample[], sample: Sample): readonly Sample[] {
  const before = history[history.length - 2]
  const replaces = before !== undefined && Date.parse(sample.at) - Date.parse(before.at) < SAMPLE_MS
  return [...(replaces ? history.slice(0, -1) : history), sample].slice(-SAMPLES_MAX)
}
