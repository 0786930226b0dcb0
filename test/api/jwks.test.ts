import { randomUUID } from 'node:crypto'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { globalId } from '../../src/schema/ids.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { errorCodeOf } from '../support/operations.ts'

let issuer: Issuer
let server: TestServer
const userId = randomUUID()
const soon = () => Math.floor(Date.now() / 1000) + 600
const good = () => ({ sub: userId, iss: 'https://id.example', aud: 'stagedoor', exp: soon() })

beforeAll(async () => {
  issuer = await startIssuer()
  server = await startServer({
    AUTH_SECRET: '',
    AUTH_JWKS_URL: issuer.url,
    AUTH_ISSUER: 'https://id.example',
    AUTH_AUDIENCE: 'stagedoor',
  })
})
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

const me = async (accessToken: string) =>
  (await server.user()).send<{ me: object | null }>('{ me { id name } }', {}, { accessToken })

test('somebody else’s users are let in by their token', async () => {
  const { data } = await me(await issuer.sign(good()))
  expect(data.me).toEqual({ id: globalId('User', userId), name: '' })
})

test('this server signs nobody up, and does not let its own kind of token in', async () => {
  const user = await server.user()
  const answer = await user.send('mutation { signUp(input: { name: "x" }) { accessToken } }')
  expect(errorCodeOf(answer)).toBe('BAD_INPUT')
  expect(answer.errors?.[0]?.message).toBe('Cannot query field "signUp" on type "Mutation".')
  expect(errorCodeOf(await me(user.accessToken))).toBe('UNAUTHENTICATED')
})

test.each<[string, () => Promise<string>]>([
  ['another issuer', () => issuer.sign({ ...good(), iss: 'https://other.example' })],
  ['another audience', () => issuer.sign({ ...good(), aud: 'box-office' })],
  ['no issuer', () => issuer.sign({ ...good(), iss: undefined })],
  ['no expiry', () => issuer.sign({ ...good(), exp: undefined })],
  ['an expiry in the past', () => issuer.sign({ ...good(), exp: soon() - 3_600 })],
  ['a start in the future', () => issuer.sign({ ...good(), nbf: soon() })],
  ['a subject that is no UUID', () => issuer.sign({ ...good(), sub: 'minji' })],
  ['a key of somebody’s own', async () => issuer.sign(good(), (await generateKeyPair('RS256')).privateKey)],
  [
    'the public key used as a shared secret',
    () =>
      new SignJWT(good())
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .sign(new TextEncoder().encode(issuer.publicPem)),
  ],
  [
    'no signature at all',
    () => {
      const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
      return Promise.resolve(`${part({ alg: 'none' })}.${part(good())}.`)
    },
  ],
])('a token with %s is refused', async (_, makeToken) => {
  expect(await me(await makeToken())).toMatchObject({
    data: { me: null },
    errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  })
})

test('when the keys cannot be had it says so, instead of calling the token bad', async () => {
  const ill = await startIssuer()
  const strained = await startServer({ AUTH_SECRET: '', AUTH_JWKS_URL: ill.url })
  const accessToken = await ill.sign(good())
  const ask = async () => (await strained.user()).send('{ me { id } }', {}, { accessToken })
  ill.respondWith(500)
  expect(await ask()).toMatchObject({
    errors: [{ extensions: { code: 'OVERLOADED', retryAfterSeconds: 1 } }],
  })
  ill.respondWith(200)
  expect((await ask()).errors).toBeUndefined()
  await ill.stop()
  expect((await ask()).errors).toBeUndefined()
  await strained.stop()
})
