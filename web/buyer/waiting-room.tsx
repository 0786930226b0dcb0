import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { formatNumber } from '../shared/i18n.ts'
import { persist, persistentSignal } from '../shared/persistent-signal.ts'
import { Action } from './action.tsx'
import { useThrottledAnnouncement } from './announcer.tsx'
import { Heading } from './heading.tsx'
import { canRequestPermission, requestPermission } from './notify.ts'
import { LeaveButton } from './leave-button.tsx'
import { getMessages } from './messages.ts'
import { progressKey, type Status } from './queue.ts'

interface WaitingRoomProps {
  concertId: string
  token: string
  status: Extract<Status, { __typename: 'Waiting' }>
}

export function WaitingRoom({ concertId, token, status }: WaitingRoomProps) {
  const { position, estimatedWaitSeconds, paused } = status
  const messages = getMessages()
  const progress = useProgress(progressKey(concertId), token, position)
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
      <LeaveButton concertId={concertId} label={messages.leave} question={messages.leaveSure} />
    </section>
  )
}

/**
 * The progress from 0 to 1 since the first position of the ticket that this device has seen. It never goes back, although a
 * position can: a buyer who returns to a place ahead adds one.
 */
function useProgress(key: string, token: string, position: number): number {
  const ticket = token.slice(-16)
  const [owner, ...stored] = persistentSignal(key).value?.split(' ') ?? []
  const [first = position, best = 0] = owner === ticket ? stored.map(Number) : []
  const start = Math.max(first, position)
  const now = Math.max(best, 1 - (position - 1) / start)
  useEffect(() => persist(key, `${ticket} ${start} ${now}`), [key, ticket, start, now])
  return now
}
