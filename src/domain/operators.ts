/** What operators have changed. */

export type OperatorActionName = 'createConcert' | 'updateQueue' | 'chargePoints'

export interface OperatorAction {
  id: string
  operatorId: string
  action: OperatorActionName
  /** Null: it was about no concert. */
  concertId: string | null
  /** Whose points; null: it was about nobody. */
  userId: string | null
  at: Date
  /** Null: there was nothing before. */
  before: Record<string, unknown> | null
  after: Record<string, unknown>
}

export interface OperatorChange {
  name: string
  before: string | null
  after: string | null
}

/** What is different after an action, value by value; null: there was no value, or it was no limit. */
export const changesOf = ({ before, after }: Pick<OperatorAction, 'before' | 'after'>): OperatorChange[] =>
  Object.keys(after)
    .map((name) => ({ name, before: written(before?.[name]), after: written(after[name]) }))
    .filter((change) => change.before !== change.after)

const written = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
