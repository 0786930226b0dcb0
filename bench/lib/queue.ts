/** Queues of thousands of users. */
import { headersOf } from '../../client/http.ts'
import { documents, tokenIn } from './documents.ts'
import { runProgram, type Program } from './programs.ts'
import type { BatchResult, RequestBatch } from './request-batch.ts'
import type { Subscriber } from './clients.ts'
import type { Environment } from './environment.ts'

const CONCURRENCY = 64

/** New users join the queue of a concert. @returns their credentials, in the order of their numbers */
export async function joinAll(
  environment: Environment,
  server: Program,
  concertId: string,
  count: number,
): Promise<Subscriber[]> {
  const users = await environment.createUsers(count)
  const body = JSON.stringify({ query: documents.join, variables: { input: { concertId } } })
  const batch = users.map((user) => ({ headers: headersOf(user), body }))
  const { bodies } = await runProgram<BatchResult>('bench/lib/buyers.ts', {
    url: server.url,
    concurrency: CONCURRENCY,
    batch,
  } satisfies RequestBatch)
  const subscribers = bodies.map((text, index) => {
    const queueToken = tokenIn(text)
    if (queueToken === undefined) throw new Error(text)
    return { accessToken: users[index]?.accessToken ?? '', queueToken }
  })
  return subscribers.sort((a, b) => numberOf(a) - numberOf(b))
}

/** From the payload of the token: a compact JWS (RFC 7515). */
function numberOf({ queueToken }: Subscriber): number {
  const payload = Buffer.from(queueToken.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(payload) as { number: number }).number
}
