/** What operators have changed. */

export type AuditLogAction = 'createConcert' | 'updateQueue' | 'chargePoints'

export interface AuditLogEntry {
  id: string
  operatorId: string
  action: AuditLogAction
  /** Null: it was about no concert. */
  concertId: string | null
  /** Whose points; null: it was about nobody. */
  userId: string | null
  at: Date
  /** Null: there was nothing before. */
  before: Record<string, unknown> | null
  after: Record<string, unknown>
}

export interface AuditLogChange {
  name: string
  before: string | null
  after: string | null
}

/** What is different after an action, value by value; null: there was no value, or it was no limit. */
export const changesOf = ({ before, after }: Pick<AuditLogEntry, 'before' | 'after'>): AuditLogChange[] =>
  Object.keys(after)
    .map((name) => ({ name, before: formatValue(before?.[name]), after: formatValue(after[name]) }))
    .filter((change) => change.before !== change.after)

const formatValue = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
