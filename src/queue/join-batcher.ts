import DataLoader from 'dataloader'
import type { QueueStatus, QueueTicket } from '../domain/queue.ts'
import type { Commands } from './commands.ts'
import type { Joined } from './replies.ts'
import type { Recovery } from './recovery.ts'

/** How many users join in one script, so that Redis is never blocked for long. */
const BATCH_MAX = 200

interface JoinRequest {
  concertId: string
  userId: string
}

/**
 * Joins requested in the same turn of the event loop go to Redis together, in the order they were requested, and each gets
 * its own result.
 */
export function createJoinBatcher(commands: Commands, { withOpenQueue }: Pick<Recovery, 'withOpenQueue'>) {
  type JoinResult = { ticket: QueueTicket; status: QueueStatus } | Error

  /** @returns a result for each user, in the order given */
  async function joinAll(concertId: string, userIds: readonly string[]): Promise<JoinResult[]> {
    try {
      // Sent first, in the same pipeline, so that no tick removes a queue with tickets from the active ones.
      const [, joined] = await Promise.all([
        commands.markActive(concertId),
        withOpenQueue(concertId, () => commands.join(concertId, userIds)),
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
    async (requests: readonly JoinRequest[]): Promise<JoinResult[]> => {
      const results = new Map<JoinRequest, JoinResult | undefined>()
      const concertIds = new Set(requests.map(({ concertId }) => concertId))
      await Promise.all(
        [...concertIds].map(async (concertId) => {
          const group = requests.filter((request) => request.concertId === concertId)
          const userIds = group.map(({ userId }) => userId)
          const joined = await joinAll(concertId, userIds)
          group.forEach((request, index) => results.set(request, joined[index]))
        }),
      )
      return requests.map((request) => results.get(request) as JoinResult)
    },
    { cache: false, maxBatchSize: BATCH_MAX },
  )
  return (concertId: string, userId: string) => loader.load({ concertId, userId })
}
