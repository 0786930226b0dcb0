/** Who changed what, the newest first. */
import { dateOf } from '../shared/i18n.ts'
import { uuidOf } from './ids.ts'
import { Pager } from './pager.tsx'
import { actions, loadActions } from './session.ts'
import { text } from './text.ts'

export function Trail() {
  const words = text()
  const limit = (value: string | null): string => value ?? '–'
  return (
    <section class="card">
      <h2>{words.trail}</h2>
      <div class="trail" role="region" aria-label={words.trail} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.when}</th>
              <th scope="col">{words.who}</th>
              <th scope="col">{words.what}</th>
              <th scope="col">{words.changes}</th>
            </tr>
          </thead>
          <tbody>
            {actions.value.items.map(({ id, at, operatorId, action, concert, userId, changes }) => (
              <tr key={id}>
                <td>{dateOf(at)}</td>
                <td>{uuidOf(operatorId)}</td>
                <td>
                  {words.actionOf[action]}: {concert?.title ?? (userId === null ? '' : uuidOf(userId))}
                </td>
                <td>
                  {changes
                    .map(({ name, before, after }) => `${name}: ${limit(before)} → ${limit(after)}`)
                    .join('; ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pager
        shown={actions.value}
        load={loadActions}
        words={{ older: words.olderActions, newest: words.newestActions }}
      />
    </section>
  )
}
