/** What operators have changed. */

export type AuditLogAction = 'createConcert' | 'updateQueue' | 'chargePoints'

export interface AuditLogEntry {
  id: string
  operatorId: string
  action: AuditLogAction
  /** Null: not about a concert. */
  concertId: string | null
  /** The owner of the points; null: not about a user. */
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

/** The values that an entry changed; null: no value, or no limit. */
export const changesOf = ({ before, after }: Pick<AuditLogEntry, 'before' | 'after'>): AuditLogChange[] =>
  Object.keys(after)
    .map((name) => ({ name, before: formatValue(before?.[name]), after: formatValue(after[name]) }))
    .filter((change) => change.before !== change.after)

const formatValue = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
