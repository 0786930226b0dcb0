import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { numberOf } from '../shared/i18n.ts'
import { keep, keptAt } from '../shared/kept.ts'
import { Action } from './action.tsx'
import { canAsk, askToNotify } from './notify.ts'
import { leave, type Status } from './session.ts'
import { text } from './text.ts'

interface WaitingRoomProps {
  concertId: string
  title: string
  token: string
  status: Extract<Status, { __typename: 'Waiting' }>
}

export function WaitingRoom({ concertId, title, token, status }: WaitingRoomProps) {
  const { position, estimatedWaitSeconds, paused } = status
  const words = text()
  const progress = useProgress(token, position)
  const sure = useSignal(false)
  const mayNotify = useSignal(canAsk())
  useEffect(() => {
    document.title = `${numberOf(position)} · ${title}`
  }, [position, title])

  return (
    <section class="card waiting">
      <h2>{words.waiting}</h2>
      <p class="position" aria-live="polite" aria-atomic="true">
        <span class="label">{words.place}</span>
        <strong data-testid="position">{numberOf(position)}</strong>
        <span>{words.ahead(position - 1)}</span>
      </p>
      <progress max={1} value={progress} aria-label={words.place} />
      {paused ? (
        <p class="notice">{words.paused}</p>
      ) : (
        <p>
          {estimatedWaitSeconds === null
            ? words.noEstimate
            : words.estimate(Math.floor(estimatedWaitSeconds / 60))}
        </p>
      )}
      <p class="hint">{words.keepOpen}</p>
      {mayNotify.value && (
        <Action kind="quiet" run={async () => (mayNotify.value = await askToNotify())}>
          {words.notify}
        </Action>
      )}
      {sure.value ? (
        <div class="row" role="group" aria-label={words.leaveSure}>
          <span>{words.leaveSure}</span>
          <Action kind="quiet" run={() => leave(concertId)}>
            {words.yes}
          </Action>
          <Action kind="quiet" run={() => Promise.resolve((sure.value = false))}>
            {words.no}
          </Action>
        </div>
      ) : (
        <button type="button" class="action quiet" onClick={() => (sure.value = true)}>
          {words.leave}
        </button>
      )}
    </section>
  )
}

/**
 * How much of the way is done, from 0 to 1, since the first position that this device saw. It never goes back: somebody who
 * returns to a place in front of us moves us back by one, and nobody wants to see that as a bar.
 */
function useProgress(token: string, position: number): number {
  const key = `progress:${token.slice(-16)}`
  const [first = position, best = 0] = (keptAt(key).value ?? '').split(' ').filter(Boolean).map(Number)
  const now = Math.max(best, 1 - position / Math.max(first, position))
  useEffect(() => keep(key, `${Math.max(first, position)} ${now}`), [key, first, position, now])
  return now
}
