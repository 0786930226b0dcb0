import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { numberOf } from '../shared/i18n.ts'
import { keep, keptAt } from '../shared/kept.ts'
import { Action } from './action.tsx'
import { useAnnouncedNow } from './announcer.tsx'
import { Heading } from './heading.tsx'
import { canAsk, askToNotify } from './notify.ts'
import { leave, progressKey, type Status } from './session.ts'
import { text } from './text.ts'

interface WaitingRoomProps {
  concertId: string
  token: string
  status: Extract<Status, { __typename: 'Waiting' }>
}

export function WaitingRoom({ concertId, token, status }: WaitingRoomProps) {
  const { position, estimatedWaitSeconds, paused } = status
  const words = text()
  const progress = useProgress(progressKey(concertId), token, position)
  const sure = useSignal(false)
  const mayNotify = useSignal(false)
  useEffect(() => void (mayNotify.value = canAsk()), [])
  useAnnouncedNow(`${words.place}: ${numberOf(position)}`)

  return (
    <section class="card waiting">
      <Heading>{words.waiting}</Heading>
      <p class="position">
        <span class="label">{words.place}</span>
        <strong data-testid="position">{numberOf(position)}</strong>
        <span>{words.ahead(position - 1)}</span>
      </p>
      <progress max={1} value={progress} aria-label={words.place} />
      {paused ? (
        <p class="notice" role="status">
          {words.paused}
        </p>
      ) : (
        <p>
          {estimatedWaitSeconds === null
            ? words.noEstimate
            : words.estimate(Math.floor(estimatedWaitSeconds / 60))}
        </p>
      )}
      <p class="hint">
        {words.keepOpen} {words.beHere}
      </p>
      {mayNotify.value && (
        <Action kind="quiet" run={async () => void (mayNotify.value = await askToNotify())}>
          {words.notify}
        </Action>
      )}
      {sure.value ? (
        <div class="row" role="group" aria-label={words.leaveSure}>
          <span>{words.leaveSure}</span>
          <Action kind="quiet" run={() => leave(concertId)}>
            {words.yes}
          </Action>
          <Action kind="quiet" run={() => Promise.resolve(void (sure.value = false))}>
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
 * How much of the way is done, from 0 to 1, since the first position that this device saw of the ticket. It never goes back:
 * somebody who returns to a place in front of us moves us back by one, and nobody wants to see that as a bar.
 */
function useProgress(key: string, token: string, position: number): number {
  const ticket = token.slice(-16)
  const [whose, ...known] = keptAt(key).value?.split(' ') ?? []
  const [first = position, best = 0] = whose === ticket ? known.map(Number) : []
  const start = Math.max(first, position)
  const now = Math.max(best, 1 - (position - 1) / start)
  useEffect(() => keep(key, `${ticket} ${start} ${now}`), [key, ticket, start, now])
  return now
}
