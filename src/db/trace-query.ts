import type postgres from 'postgres'
import type { TraceSpan } from '../domain/trace.ts'

/** What the driver keeps of a query and of a fragment in it. */
interface Template {
  strings: readonly string[]
  args: readonly unknown[]
}

/** Sends a query within a span that has its text, without values. */
export function traceQuery<Rows extends readonly postgres.MaybeRow[]>(
  trace: TraceSpan,
  query: postgres.PendingQuery<Rows>,
): Promise<postgres.RowList<Rows>> {
  const text = textOf(query as unknown as Template)
    .replace(/\s+/g, ' ')
    .trim()
  const attributes = { 'db.system.name': 'postgresql', 'db.query.text': text }
  return trace(spanName(text), attributes, async () => await query)
}

/** A fragment is inserted, a value is written as `$`. */
const textOf = ({ strings, args }: Template): string =>
  strings.reduce((text, part, index) => {
    const value = args[index - 1]
    return text + (isTemplate(value) ? textOf(value) : '$') + part
  })

const isTemplate = (value: unknown): value is Template =>
  typeof value === 'object' && value !== null && 'strings' in value

/** The function or the table: names must be few, and there are thousands of texts. */
function spanName(text: string): string {
  const [, called, table] = /^select (\w+)\(|\bfrom "?(\w+)/.exec(text) ?? []
  return `sql ${called ?? table ?? 'statement'}`
}
