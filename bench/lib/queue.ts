/** A line of very many people for benchmarks. */
import { runProgram, type Program } from './programs.ts'
import type { BatchResult, RequestBatch } from './request-batch.ts'
import type { Subscriber } from './clients.ts'
import type { Environment } from './environment.ts'

const AT_ONCE = 64
const JOIN =
  'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { ... on QueueTicket { token } } }'

/** So many people join a concert, in this order or nearly. @returns them in the order of their numbers */
export async function joinAll(
  stage: Environment,
  server: Program,
  concertId: string,
  count: number,
): Promise<Subscriber[]> {
  const people = await stage.createUsers(count)
  const body = JSON.stringify({ query: JOIN, variables: { id: concertId } })
  const batch = people.map(({ authorization }) => ({ headers: { authorization }, body }))
  const { answers } = await runProgram<BatchResult>('bench/lib/buyers.ts', {
    url: server.url,
    atOnce: AT_ONCE,
    batch,
  } satisfies RequestBatch)
  const listeners = answers.map((text, index) => {
    const queueToken = /"token":"([^"]+)"/.exec(text)?.[1]
    if (queueToken === undefined) throw new Error(text)
    return { authorization: people[index]?.authorization ?? '', queueToken }
  })
  return listeners.sort((a, b) => numberOf(a) - numberOf(b))
}

/** A queue ticket is a compact JWS (RFC 7515) that says its number. */
function numberOf({ queueToken }: Subscriber): number {
  const payload = Buffer.from(queueToken.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(payload) as { number: number }).number
}
