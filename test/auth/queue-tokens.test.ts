import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { createQueueTokenSigner } from '../../src/auth/queue-tokens.ts'

const ticket = {
  userId: '0190f0a0-0000-7000-8000-000000000001',
  concertId: '0190f0a0-0000-7000-8000-000000000002',
  number: 42,
}
const signer = createQueueTokenSigner(['new', 'old'])

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = { alg: 'HS256', typ: 'stagedoor-ticket' }
const signed = (head: unknown, payload: unknown, secret = 'new'): string => {
  const body = `${part(head)}.${part(payload)}`
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
}
const payload = { sub: ticket.userId, concert: ticket.concertId, number: 42 }

test('a signed ticket verifies, and signs to the same bytes every time', () => {
  expect(signer.verify(signer.sign(ticket))).toEqual(ticket)
  expect(signer.sign(ticket)).toBe(signer.sign({ ...ticket }))
  expect(signer.sign(ticket)).toBe(signed(header, payload))
})

test('the first secret signs, every secret verifies, and one taken away no longer does', () => {
  const old = createQueueTokenSigner(['old']).sign(ticket)
  expect(signer.verify(old)).toEqual(ticket)
  expect(createQueueTokenSigner(['new']).verify(old)).toBeNull()
  expect(createQueueTokenSigner(['new']).verify(signer.sign(ticket))).toEqual(ticket)
})

test.each([
  ['nothing', ''],
  ['no JWS', 'hello'],
  ['another secret', signed(header, payload, 'guess')],
  ['alg none', `${part({ alg: 'none', typ: header.typ })}.${part(payload)}.`],
  ['no signature', `${part(header)}.${part(payload)}.`],
  ['another algorithm, rightly signed', signed({ ...header, alg: 'HS512' }, payload)],
  ['another type of token, rightly signed', signed({ alg: 'HS256', typ: 'JWT' }, payload)],
  ['the header spelled another way', signed({ typ: header.typ, alg: header.alg }, payload)],
  ['a fourth part', `${signed(header, payload)}.x`],
  ['cut off', signed(header, payload).slice(0, -1)],
  ['padded', `${signed(header, payload)}=`],
  [
    'another number under the same signature',
    signed(header, payload).replace(part(payload), part({ ...payload, number: 1 })),
  ],
  ['too long', signed(header, { ...payload, more: 'x'.repeat(1_024) })],
  ['a number that is none', signed(header, { ...payload, number: '42' })],
  ['a fraction', signed(header, { ...payload, number: 4.2 })],
  ['zero', signed(header, { ...payload, number: 0 })],
  ['beyond what is exact', signed(header, { ...payload, number: 2 ** 53 })],
  ['no UUID for a user', signed(header, { ...payload, sub: 'me' })],
  ['no UUID for a concert', signed(header, { ...payload, concert: '*' })],
  ['null', signed(header, null)],
])('refuses %s', (_, token) => {
  expect(signer.verify(token)).toBeNull()
})

test('another spelling of the same signature is not a second token for the ticket', () => {
  const token = signer.sign(ticket)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // 32 bytes leave two bits of the last character unused.
  const last = alphabet.indexOf(token.slice(-1))
  const spelled = token.slice(0, -1) + alphabet.charAt(last ^ 1)
  expect(Buffer.from(spelled.split('.')[2] ?? '', 'base64url')).toEqual(
    Buffer.from(token.split('.')[2] ?? '', 'base64url'),
  )
  expect(signer.verify(spelled)).toBeNull()
})
