/** Verifies CAPTCHA tokens with a provider that implements the siteverify protocol. */
import { overloaded, Problem } from '../domain/problem.ts'

export interface BotCheck {
  /**
   * @param token of the provider, for a solved CAPTCHA
   * @param address of the client, which the provider may compare with that of the solver
   * @throws Problem FORBIDDEN; OVERLOADED when the provider does not answer within two seconds
   */
  check(token: string | null | undefined, address: string): Promise<void>
}

const TIMEOUT_MS = 2_000

/** @param options.onError is called when the provider cannot be reached, or rejects the secret */
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
      signal: AbortSignal.timeout(TIMEOUT_MS),
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
        throw new Problem('FORBIDDEN', 'A bot check is required: send its token as botCheckToken.')
      }
      const passed = await ask(token, address).catch((error: unknown) => {
        onError(error)
        throw overloaded(error)
      })
      if (!passed) throw new Problem('FORBIDDEN', 'The bot check failed. Solve it again.')
    },
  }
}
