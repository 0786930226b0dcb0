import { ConcertsDocument } from '../../client/documents.ts'
import { client } from '../shared/client.ts'
import { getMessages } from './messages.ts'
import { LoadingState, useQuery } from './use-query.tsx'

/** The newest concerts, the newest first. */
export function ConcertList() {
  const answer = useQuery(() => client.request(ConcertsDocument, {}))
  const messages = getMessages()
  const edges = answer.data?.concerts.edges
  return (
    <>
      <h1>{messages.concerts}</h1>
      {edges === undefined && <LoadingState {...answer} />}
      {edges?.length === 0 && <p>{messages.noConcerts}</p>}
      <ul class="concerts">
        {[...(edges ?? [])].reverse().map(({ node: { id, title, queue } }) => (
          <li key={id}>
            <a class="card" href={`#/concert/${id}`}>
              <strong>{title}</strong>
              <span>{messages.inQueue(queue.waitingCount)}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}
