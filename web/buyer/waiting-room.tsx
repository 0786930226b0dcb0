import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { formatNumber } from '../shared/i18n.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { Action } from './action.tsx'
import { useThrottledAnnouncement } from './announcer.tsx'
import { Heading } from './heading.tsx'
import { canRequestPermission, requestPermission } from './notify.ts'
import { leave, progressKey, type Status } from './session.ts'
import { getMessages } from './messages.ts'

interface WaitingRoomProps {
  concertId: string
  token: string
  status: Extract<Status, { __typename: 'Waiting' }>
}

export function WaitingRoom({ concertId, token, status }: WaitingRoomProps) {
  const { position, estimatedWaitSeconds, paused } = status
  const messages = getMessages()
  const progress = useProgress(progressKey(concertId), token, position)
  const sure = useSignal(false)
  const mayNotify = useSignal(false)
  useEffect(() => void (mayNotify.value = canRequestPermission()), [])
  useThrottledAnnouncement(`${messages.place}: ${formatNumber(position)}`)

  return (
    <section class="card waiting">
      <Heading>{messages.waiting}</Heading>
      <p class="position">
        <span class="label">{messages.place}</span>
        <strong data-testid="position">{formatNumber(position)}</strong>
        <span>{messages.ahead(position - 1)}</span>
      </p>
      <progress max={1} value={progress} aria-label={messages.place} />
      {paused ? (
        <p class="notice" role="status">
          {messages.paused}
        </p>
      ) : (
        <p>
          {estimatedWaitSeconds === null
            ? messages.noEstimate
            : messages.estimate(Math.floor(estimatedWaitSeconds / 60))}
        </p>
      )}
      <p class="hint">
        {messages.keepOpen} {messages.beHere}
      </p>
      {mayNotify.value && (
        <Action kind="quiet" run={async () => void (mayNotify.value = await requestPermission())}>
          {messages.notify}
        </Action>
      )}
      {sure.value ? (
        <div class="row" role="group" aria-label={messages.leaveSure}>
          <span>{messages.leaveSure}</span>
          <Action kind="quiet" run={() => leave(concertId)}>
            {messages.yes}
          </Action>
          <Action kind="quiet" run={() => Promise.resolve(void (sure.value = false))}>
            {messages.no}
          </Action>
        </div>
      ) : (
        <button type="button" class="action quiet" onClick={() => (sure.value = true)}>
          {messages.leave}
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
  const [whose, ...known] = persistentSignal(key).value?.split(' ') ?? []
  const [first = position, best = 0] = whose === ticket ? known.map(Number) : []
  const start = Math.max(first, position)
  const now = Math.max(best, 1 - (position - 1) / start)
  useEffect(() => persist(key, `${ticket} ${start} ${now}`), [key, ticket, start, now])
  return now
}
