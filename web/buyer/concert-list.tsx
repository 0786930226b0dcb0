import { useEffect } from 'preact/hooks'
import { concerts, loadConcerts } from './concerts.ts'
import { text } from './text.ts'

export function ConcertList() {
  useEffect(() => void loadConcerts().catch(() => undefined), [])
  const words = text()
  const list = concerts.value
  return (
    <>
      <h1>{words.concerts}</h1>
      {list?.length === 0 && <p>{words.noConcerts}</p>}
      <ul class="concerts">
        {(list ?? []).map(({ id, title, queue }) => (
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
