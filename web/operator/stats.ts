/** The statistics of a concert: live, and of the last half hour. */
import { useSignal, type ReadonlySignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ConcertHistoryDocument, ConcertStatsChangesDocument } from '../../client/documents.ts'
import type { ResultOf } from '../../client/graphql.ts'
import { client, connected } from '../shared/client.ts'
import { credentials, handleErrorCode, request, type Concert } from './session.ts'

export type Stats = ResultOf<typeof ConcertStatsChangesDocument>['concertStatsChanges']
export type QueueSettings = Pick<Concert['queue'], 'capacity' | 'ratePerSecond' | 'paused'>
export type Sample = ResultOf<typeof ConcertHistoryDocument>['concertHistory'][number]

interface UseStatsResult {
  stats: ReadonlySignal<Stats | null>
  /** In order of time. */
  history: ReadonlySignal<readonly Sample[]>
  /** In force now, whichever operator set them. */
  settings: Signal<QueueSettings>
  /** Whether no statistics come in. */
  failed: ReadonlySignal<boolean>
  retry: () => void
}

/** The first statistics come within a second or two. */
const FIRST_MS_MAX = 8_000

export function useStats({ id, queue }: Concert): UseStatsResult {
  const stats = useSignal<Stats | null>(null)
  const history = useSignal<readonly Sample[]>([])
  const settings = useSignal<QueueSettings>(queue)
  const failed = useSignal(false)
  const attempt = useSignal(1)

  useEffect(() => {
    failed.value = false
    // The client retries silently while the server is busy.
    const late = setTimeout(() => (failed.value = true), FIRST_MS_MAX)
    const stop = client.subscribe(
      ConcertStatsChangesDocument,
      { concertId: id },
      {
        onNext: ({ concertStatsChanges }) => {
          clearTimeout(late)
          failed.value = false
          stats.value = concertStatsChanges
          history.value = appendSample(history.value, concertStatsChanges)
          if (concertStatsChanges.settings) settings.value = concertStatsChanges.settings
        },
        onComplete: () => (failed.value = true),
        onError: ({ code }) => {
          failed.value = true
          handleErrorCode(code)
        },
      },
      credentials(),
    )
    return () => {
      clearTimeout(late)
      stop()
    }
  }, [id, attempt.value])

  // Again when the connection is back: the server has the samples that this page has missed.
  useEffect(() => {
    if (!connected.value) return
    request(ConcertHistoryDocument, { concertId: id }).then(
      ({ concertHistory }) => {
        const known = concertHistory[concertHistory.length - 1]?.at ?? ''
        history.value = [...concertHistory, ...history.value.filter(({ at }) => at > known)]
      },
      // Without it the charts begin with the live statistics.
      () => undefined,
    )
  }, [id, connected.value])

  return { stats, history, settings, failed, retry: () => (attempt.value += 1) }
}

/** The server's own interval, and a few samples more than it keeps. */
const SAMPLE_MS = 5_000
const SAMPLES_MAX = 400

/** Keeps one sample in five seconds, the newest. */
function appendSample(history: readonly Sample[], sample: Sample): readonly Sample[] {
  const before = history[history.length - 2]
  const replaces = before !== undefined && Date.parse(sample.at) - Date.parse(before.at) < SAMPLE_MS
  return [...(replaces ? history.slice(0, -1) : history), sample].slice(-SAMPLES_MAX)
}
