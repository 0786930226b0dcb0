import { join } from '../support/purchase.ts'
import type { Client } from '../support/client.ts'

/**
 * Joins the queue of a concert with a free slot, and claims the turn: unlike one that is not claimed, it lasts longer than
 * the slowest test. @returns the queue token
 */
export async function claimTurn(user: Client, concertId: string): Promise<string> {
  const { token } = await join(user as never, concertId)
  await user.request(
    'query ($id: ID!) { performances(concertId: $id) { id } }',
    { id: concertId },
    { queueToken: token },
  )
  return token
}
