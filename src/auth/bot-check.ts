/** Asks somebody else whether a person is at the other end: a CAPTCHA provider that speaks siteverify. */
import { overloaded, Problem } from '../domain/problem.ts'

export interface BotCheck {
  /**
   * Lets through who has solved the provider's riddle.
   * @param token what the provider gave them for it
   * @param address theirs, which the provider may compare with the solver's
   * @throws Problem FORBIDDEN; OVERLOADED when the provider does not answer within two seconds
   */
  check(token: string | null | undefined, address: string): Promise<void>
}

const ANSWER_MS_MAX = 2_000

/** @param options.onError hears of a provider that cannot be asked, or that does not like how it is asked */
export function createBotCheck(options: {
  url: string
  secret: string | undefined
  onError: (error: unknown) => void
}): BotCheck {
  const { url, secret, onError } = options

  async function ask(token: string, address: string): Promise<boolean> {
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({
        ...(secret === undefined ? {} : { secret }),
        response: token,
        remoteip: address,
      }),
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    const answer: unknown = await response.json()
    const { success, 'error-codes': codes } = answer as { success?: unknown; 'error-codes'?: unknown }
    if (!response.ok || typeof success !== 'boolean')
      throw new Error(`The bot check answered ${response.status}`)
    if (/secret/.test(String(codes))) onError(new Error(`The bot check answered ${String(codes)}`))
    return success
  }

  return {
    check: async (token, address) => {
      if (token === null || token === undefined || token === '') {
        throw new Problem('FORBIDDEN', 'Show that you are not a robot: send the token of the check.')
      }
      const passed = await ask(token, address).catch((error: unknown) => {
        onError(error)
        throw overloaded(error)
      })
      if (!passed) throw new Problem('FORBIDDEN', 'The check for robots was not passed. Do it once more.')
    },
  }
}
