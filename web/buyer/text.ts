/** The words of the buyer's page, in the language of now. */
import { language } from '../shared/i18n.ts'
import { english } from './english.ts'
import { korean } from './korean.ts'

export const text = (): typeof english => (language.value === 'ko' ? korean : english)

/**
 * Why something was refused, in the server's words where we have none.
 * @param kind the type of a refusal, or the code of an error
 */
export function explain(kind: string, message: string): string {
  const known: Record<string, string | undefined> = text().refusals
  return known[kind] ?? (message || text().failed)
}
