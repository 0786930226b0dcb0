import { ask } from '../shared/http.ts'
import { Pending, useAnswer } from './answer.tsx'
import { Concerts } from './documents.ts'
import { text } from './text.ts'

/** The newest concerts, the newest first. */
export function ConcertList() {
  const answer = useAnswer(() => ask(Concerts, {}))
  const words = text()
  const edges = answer.data?.concerts.edges
  return (
    <>
      <h1>{words.concerts}</h1>
      {edges === undefined && <Pending {...answer} />}
      {edges?.length === 0 && <p>{words.noConcerts}</p>}
      <ul class="concerts">
        {[...(edges ?? [])].reverse().map(({ node: { id, title, queue } }) => (
          <li key={id}>
            <a class="card" href={`#/concert/${id}`}>
              <strong>{title}</strong>
              <span>{words.inLine(queue.waitingCount)}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}
