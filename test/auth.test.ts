import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { createAuth } from '../src/auth.ts'

const secret = 'a secret that is long enough for tests'
const auth = createAuth({ kind: 'secret', secret })
const userId = randomUUID()
const hour = () => Math.floor(Date.now() / 1000) + 3_600

const sign = (claims: Record<string, unknown>, key = secret, alg = 'HS256') =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key))
const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')

describe('an access token', () => {
  test('says who somebody is, and whether they are an operator', async () => {
    expect(auth.issues).toBe(true)
    for (const role of ['buyer', 'operator'] as const) {
      const token = await auth.issue({ userId, role }, 60)
      expect(await auth.verify(token)).toEqual({ userId, role })
      expect(await auth.verify(token)).toEqual({ userId, role })
    }
    expect(await auth.verify(await sign({ sub: userId.toUpperCase(), exp: hour() }))).toEqual({
      userId,
      role: 'buyer',
    })
    expect(await auth.verify(await sign({ sub: userId, exp: hour(), role: 'Operator' }))).toMatchObject({
      role: 'buyer',
    })
  })

  test.each<[string, () => Promise<string> | string]>([
    ['nothing', () => ''],
    ['garbage', () => 'garbage'],
    ['a token of 5,000 characters', () => 'x'.repeat(5_000)],
    ['another secret', () => sign({ sub: userId, exp: hour() }, `not ${secret}`)],
    ['another algorithm', () => sign({ sub: userId, exp: hour() }, secret.repeat(2), 'HS512')],
    ['alg none', () => `${part({ alg: 'none' })}.${part({ sub: userId, exp: hour() })}.`],
    ['an expiry in the past', () => sign({ sub: userId, exp: hour() - 7_200 })],
    ['no expiry', () => sign({ sub: userId })],
    ['no subject', () => sign({ exp: hour() })],
    ['a subject that is no UUID', () => sign({ sub: 'minji', exp: hour() })],
    [
      'claims that were changed',
      async () => {
        const [header, , signature] = (await sign({ sub: userId, exp: hour() })).split('.')
        return [header, part({ sub: randomUUID(), exp: hour() }), signature].join('.')
      },
    ],
  ])('made of %s is refused', async (_, makeToken) => {
    await expect(auth.verify(await makeToken())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('is not remembered beyond its expiry', async () => {
    const token = await auth.issue({ userId, role: 'buyer' }, 1)
    expect(await auth.verify(token)).toMatchObject({ userId })
    await expect
      .poll(() => auth.verify(token).catch((error: unknown) => error))
      .toMatchObject({ code: 'UNAUTHENTICATED', message: 'The access token has expired.' })
  })
})

test('where somebody else issues the tokens, this server does not', () => {
  const url = 'http://127.0.0.1:9/jwks.json'
  const other = createAuth({ kind: 'jwks', url, issuer: undefined, audience: undefined })
  expect(other.issues).toBe(false)
  expect(() => other.issue({ userId, role: 'buyer' }, 60)).toThrow('AUTH_JWKS_URL')
})
