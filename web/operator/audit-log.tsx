/** Who changed what, the newest first. */
import { formatDate } from '../shared/i18n.ts'
import { uuidOf } from './ids.ts'
import { Pager } from './pager.tsx'
import { auditLog, loadAuditLog } from './session.ts'
import { getMessages } from './messages.ts'

export function AuditLogCard() {
  const messages = getMessages()
  const limit = (value: string | null): string => value ?? '–'
  return (
    <section class="card">
      <h2>{messages.trail}</h2>
      <div class="audit-log" role="region" aria-label={messages.trail} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{messages.when}</th>
              <th scope="col">{messages.who}</th>
              <th scope="col">{messages.what}</th>
              <th scope="col">{messages.changes}</th>
            </tr>
          </thead>
          <tbody>
            {auditLog.value.items.map(({ id, at, operatorId, action, concert, userId, changes }) => (
              <tr key={id}>
                <td>{formatDate(at)}</td>
                <td>{uuidOf(operatorId)}</td>
                <td>
                  {messages.actionOf[action]}: {concert?.title ?? (userId === null ? '' : uuidOf(userId))}
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
        page={auditLog.value}
        load={loadAuditLog}
        messages={{ older: messages.olderActions, newest: messages.newestActions }}
      />
    </section>
  )
}
