import DataLoader from 'dataloader'
import type { QueueStatus, QueueTicket } from '../domain/queue.ts'
import type { Commands } from './commands.ts'
import type { Joined } from './replies.ts'
import type { Recovery } from './recovery.ts'

/** How many one script takes in, so that Redis is never held up. */
const BATCH_MAX = 200

interface JoinRequest {
  concertId: string
  userId: string
}

/**
 * Joins that come in the same turn of the event loop, as they do when everybody arrives at once, go to Redis together and
 * in the order they came; each gets its own answer.
 */
export function createJoinBatcher(
  commands: Commands,
  { withOpenQueue: unblocked }: Pick<Recovery, 'withOpenQueue'>,
) {
  type Answer = { ticket: QueueTicket; status: QueueStatus } | Error

  /** @returns an answer for each, in the order given */
  async function joinAll(concertId: string, userIds: readonly string[]): Promise<Answer[]> {
    try {
      // Sent first, so that no tick can drop a queue with somebody in it; both travel together.
      const [, joined] = await Promise.all([
        commands.keepActive([concertId], []),
        unblocked(concertId, () => commands.join(concertId, userIds)),
      ])
      return userIds.map((userId, index) => {
        const { number, status } = joined[index] as Joined
        return { ticket: { userId, concertId, number }, status }
      })
    } catch (error) {
      return userIds.map(() => error as Error)
    }
  }

  const loader = new DataLoader(
    async (asked: readonly JoinRequest[]): Promise<Answer[]> => {
      const answers = new Map<JoinRequest, Answer | undefined>()
      const concertIds = new Set(asked.map(({ concertId }) => concertId))
      await Promise.all(
        [...concertIds].map(async (concertId) => {
          const group = asked.filter((one) => one.concertId === concertId)
          const joined = await joinAll(
            concertId,
            group.map(({ userId }) => userId),
          )
          group.forEach((one, index) => answers.set(one, joined[index]))
        }),
      )
      return asked.map((one) => answers.get(one) as Answer)
    },
    { cache: false, maxBatchSize: BATCH_MAX },
  )
  return (concertId: string, userId: string) => loader.load({ concertId, userId })
}
