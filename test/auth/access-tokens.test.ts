import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'

const secret = 'a secret that is long enough for tests'
const auth = createAuth({ kind: 'secret', secret })
const userId = randomUUID()
const hour = () => Math.floor(Date.now() / 1000) + 3_600

const sign = (claims: Record<string, unknown>, key = secret, alg = 'HS256') =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key))
const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')

describe('an access token', () => {
  test('says who somebody is, and whether they are an operator', async () => {
    expect(auth.canIssue).toBe(true)
    for (const role of ['buyer', 'operator'] as const) {
      const token = await auth.issue({ userId, role }, 60)
      expect(await auth.verify(token)).toMatchObject({ viewer: { userId, role } })
      expect(await auth.verify(token)).toMatchObject({ viewer: { userId, role } })
    }
    const exp = hour()
    expect(await auth.verify(await sign({ sub: userId.toUpperCase(), exp }))).toEqual({
      viewer: { userId, role: 'buyer' },
      expiresAt: exp * 1000,
    })
    expect(await auth.verify(await sign({ sub: userId, exp: hour(), role: 'Operator' }))).toMatchObject({
      viewer: { role: 'buyer' },
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
})

describe.each(['a secret', 'a key set'] as const)('an access token signed with %s', (kind) => {
  let issuer: Issuer
  beforeAll(async () => {
    issuer = await startIssuer()
  })
  afterAll(() => issuer.stop())

  const start = 1_900_000_000
  let seconds = start
  const now = () => seconds * 1000
  const createChecked = () =>
    kind === 'a secret'
      ? createAuth({ kind: 'secret', secret }, now)
      : createAuth({ kind: 'jwks', url: issuer.url, issuer: undefined, audience: undefined }, now)
  const signed = (claims: Record<string, unknown>) =>
    kind === 'a secret' ? sign(claims) : issuer.sign(claims)

  test.each([
    ['nbf', 60, true],
    ['nbf', 61, false],
    ['iat', 1_800, true],
    ['exp', 1, true],
    ['exp', 0, false],
    ['exp', -1, false],
  ])('whose %s is %d seconds from now: valid is %s', async (claim, offset, valid) => {
    seconds = start
    const token = await signed({ sub: userId, exp: start + 3_600, [claim]: start + offset })
    const checked = createChecked().verify(token)
    if (valid) expect(await checked).toMatchObject({ viewer: { userId } })
    else await expect(checked).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('is not remembered beyond its expiry', async () => {
    seconds = start
    const checked = createChecked()
    const token = await signed({ sub: userId, exp: start + 10 })
    seconds = start + 9
    expect(await checked.verify(token)).toMatchObject({ expiresAt: (start + 10) * 1000 })
    seconds = start + 10
    await expect(checked.verify(token)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'The access token has expired.',
    })
  })
})

describe('a key set, while its issuer is away', () => {
  const start = 1_900_000_000
  const day = 24 * 3_600
  const setUp = async () => {
    const issuer = await startIssuer()
    const clock = { seconds: start }
    const keySet = { kind: 'jwks', url: issuer.url, issuer: undefined, audience: undefined } as const
    const checked = createAuth(keySet, () => clock.seconds * 1000)
    const claims = () => ({ sub: randomUUID(), exp: clock.seconds + 600 })
    return { issuer, clock, checked, claims }
  }

  test('is kept for a day, and a token of an unknown key may be tried again', async () => {
    const { issuer, clock, checked, claims } = await setUp()
    await checked.verify(await issuer.sign(claims()))
    const signWithNext = await issuer.rotate()
    issuer.respondWith(500)
    // Every few minutes somebody new signs in.
    for (clock.seconds = start; clock.seconds < start + day; clock.seconds += 1_200) {
      await checked.verify(await issuer.sign(claims()))
      await expect(checked.verify(await signWithNext(claims()))).rejects.toMatchObject({
        code: clock.seconds === start ? 'UNAUTHENTICATED' : 'OVERLOADED',
      })
    }
    clock.seconds = start + day + 1
    await expect(checked.verify(await issuer.sign(claims()))).rejects.toMatchObject({ code: 'OVERLOADED' })
    issuer.respondWith(200)
    clock.seconds += 30
    await checked.verify(await signWithNext(claims()))
    await issuer.stop()
  })

  test('is kept when nobody answers at all, and asks no more than once in 30 seconds', async () => {
    const { issuer, clock, checked, claims } = await setUp()
    await checked.verify(await issuer.sign(claims()))
    const signWithNext = await issuer.rotate()
    clock.seconds += 3_600
    issuer.respondWith(503)
    for (let times = 0; times < 20; times++) {
      await expect(checked.verify(await signWithNext(claims()))).rejects.toMatchObject({ code: 'OVERLOADED' })
      await checked.verify(await issuer.sign(claims()))
    }
    expect(issuer.requestCount()).toBe(2)
    await issuer.stop()
    clock.seconds += 3_600
    await checked.verify(await issuer.sign(claims()))
  })

  test('is fetched again in the background, so that a key that is withdrawn is refused', async () => {
    const { issuer, clock, checked, claims } = await setUp()
    await checked.verify(await issuer.sign(claims()))
    await issuer.rotate()
    clock.seconds += 601
    // The first one after ten minutes still is, and has the keys fetched.
    await checked.verify(await issuer.sign(claims()))
    await expect
      .poll(async () => checked.verify(await issuer.sign(claims())).catch((error: unknown) => error))
      .toMatchObject({ code: 'UNAUTHENTICATED' })
    await issuer.stop()
  })
})

test('where somebody else issues the tokens, this server does not', () => {
  const url = 'http://127.0.0.1:9/jwks.json'
  const other = createAuth({ kind: 'jwks', url, issuer: undefined, audience: undefined })
  expect(other.canIssue).toBe(false)
  expect(() => other.issue({ userId, role: 'buyer' }, 60)).toThrow('AUTH_JWKS_URL')
})
