/** An issuer of access tokens: an RSA key, and a server with its JWKS (RFC 7517). */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey } from 'jose'

export interface Issuer {
  url: string
  /** The public key as PEM. */
  publicPem: string
  sign(claims: Record<string, unknown>, key?: CryptoKey): Promise<string>
  /** Sets the status of the JWKS responses, 200 by default. */
  respondWith(status: number): void
  /** Replaces the key. @returns a function that signs with it */
  rotate(): Promise<(claims: Record<string, unknown>) => Promise<string>>
  /** How often the JWKS was requested. */
  requestCount(): number
  /** Holds responses back until `release`. Resolves at the first request. */
  hold(): Promise<void>
  release(): void
  stop(): Promise<void>
}

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  let keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }]
  let status = 200
  let count = 0
  let onRequest: (() => void) | undefined
  let released: Promise<void> | undefined
  let release: () => void = () => undefined
  const server = createServer((_, response) => {
    count += 1
    onRequest?.()
    const respond = (): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
    if (released) void released.then(respond)
    else respond()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    publicPem: await exportSPKI(publicKey),
    sign: (claims, key = privateKey) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key),
    respondWith: (next) => {
      status = next
    },
    rotate: async () => {
      const next = await generateKeyPair('RS256')
      keys = [{ ...(await exportJWK(next.publicKey)), kid: 'two', alg: 'RS256', use: 'sig' }]
      return (claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'two' }).sign(next.privateKey)
    },
    requestCount: () => count,
    hold: () => {
      released = new Promise((resolve) => (release = resolve))
      return new Promise((resolve) => (onRequest = resolve))
    },
    release: () => release(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
