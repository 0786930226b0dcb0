/** The audit log, the newest entries first. */
import { formatDate } from '../shared/i18n.ts'
import { uuidOf } from './ids.ts'
import { Pager } from './pager.tsx'
import { auditLog, loadAuditLog } from './session.ts'
import { getMessages } from './messages.ts'

export function AuditLogCard() {
  const messages = getMessages()
  const format = (value: string | null): string => value ?? '–'
  return (
    <section class="card">
      <h2>{messages.auditLog}</h2>
      <div class="audit-log" role="region" aria-label={messages.auditLog} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{messages.when}</th>
              <th scope="col">{messages.operator}</th>
              <th scope="col">{messages.action}</th>
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
                    .map(({ name, before, after }) => `${name}: ${format(before)} → ${format(after)}`)
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
        messages={{ older: messages.olderEntries, newest: messages.newestEntries }}
      />
    </section>
  )
}
