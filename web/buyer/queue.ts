/** The visitor's place in the queue of a concert: the same in every tab and after a reload. */
import { effect, signal } from '@preact/signals'
import {
  IssueQueueTokenDocument,
  LeaveQueueDocument,
  QueueTicketChangesDocument,
  QueueTicketDocument,
} from '../../client/documents.ts'
import type { ResultOf } from '../../client/graphql.ts'
import { client } from '../shared/client.ts'
import { persist } from '../shared/persistent-signal.ts'
import type { Refusal } from './action.tsx'
import {
  accessToken,
  ensureSignedUp,
  handleErrorCode,
  queueTokenFor,
  removeQueueTokens,
  request,
  rethrowAs,
  setAccessToken,
  setQueueToken,
  signInEnded,
} from './identity.ts'
import { clearReservations, invalidate, loadReservations } from './reservations.ts'

export type Status = ResultOf<typeof QueueTicketChangesDocument>['queueTicketChanges']['status']

/** Of the concert that the page shows. Null: not known yet. */
export const status = signal<Status | null>(null)

/**
 * @returns null when the visitor is in the queue, else the refusal
 * @throws ApiError BOT_CHECK: it takes a challenge that this page cannot show
 */
export async function join(concertId: string): Promise<Refusal | null> {
  await ensureSignedUp()
  const { issueQueueToken } = await request(IssueQueueTokenDocument, { input: { concertId } }).catch(
    (error: unknown) => rethrowAs(error, 'FORBIDDEN', 'BOT_CHECK'),
  )
  if (issueQueueToken.__typename !== 'IssueQueueTokenPayload') return issueQueueToken
  status.value = null
  setQueueToken(concertId, issueQueueToken.ticket.token)
  return null
}

/** Joins with a new identity. This device forgets the places and tickets of the old one. @returns as `join` */
export function joinAsNewUser(concertId: string): Promise<Refusal | null> {
  setAccessToken(null)
  removeQueueTokens()
  clearReservations()
  return join(concertId)
}

export async function leave(concertId: string): Promise<void> {
  const token = queueTokenFor(concertId).value
  if (token !== null) await request(LeaveQueueDocument, { input: { token } })
  // What was held with it is released.
  await invalidate()
}

/** The first and the best position so far: see waiting-room.tsx. */
export const progressKey = (concertId: string): string => `progress:${concertId}`
/** The date that was chosen. */
export const dateKey = (concertId: string): string => `date:${concertId}`

function clearProgress(concertId: string): void {
  persist(progressKey(concertId), null)
  persist(dateKey(concertId), null)
}

/** Well within the server's grace period. */
const HEARTBEAT_MS = 20_000

/** Subscribes to the visitor's ticket for a concert, in whichever tab it was issued. @returns what stops it */
export function subscribeToTicket(concertId: string): () => void {
  let stop: () => void = () => undefined
  const dispose = effect(() => {
    const token = queueTokenFor(concertId).value
    // The ticket is enough to subscribe, whether or not its owner is signed in.
    const sentToken = signInEnded.value ? undefined : (accessToken.value ?? undefined)
    stop()
    stop = () => undefined
    if (token === null) {
      status.value = null
      return
    }
    stop = client.subscribe(
      QueueTicketChangesDocument,
      { token },
      {
        onNext: ({ queueTicketChanges }) => setStatus(concertId, queueTicketChanges.status),
        onError: ({ code }) => {
          if (code === 'QUEUE_TICKET_INVALID') setQueueToken(concertId, null)
          handleErrorCode(code, sentToken)
        },
      },
      { accessToken: sentToken },
    )
  })
  // Over server-sent events nothing else tells the server that the page still runs.
  const heartbeat = setInterval(() => {
    const token = queueTokenFor(concertId).peek()
    if (token === null || !client.usesServerSentEvents() || status.peek()?.__typename !== 'Waiting') return
    client.request(QueueTicketDocument, { token }).catch(() => undefined) // The next one may get through.
  }, HEARTBEAT_MS)
  return () => {
    clearInterval(heartbeat)
    dispose()
    stop()
  }
}

function setStatus(concertId: string, next: Status): void {
  status.value = next
  if (next.__typename === 'Finished' || next.__typename === 'Lapsed') clearProgress(concertId)
  // A visitor who waits has nothing that could have changed.
  if (next.__typename !== 'Waiting') void loadReservations()
}
