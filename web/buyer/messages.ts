/** The messages of the buyer's page, in the chosen language. */
import { language } from '../shared/i18n.ts'
import { en } from './messages.en.ts'
import { ko } from './messages.ko.ts'

export const getMessages = (): typeof en => (language.value === 'ko' ? ko : en)

/**
 * Why something was refused. The server's message where this page has none.
 * @param kind the type of a refusal, or the code of an error
 */
export function errorMessage(kind: string, message: string): string {
  const known: Record<string, string | undefined> = getMessages().refusals
  return known[kind] ?? (message || getMessages().failed)
}
