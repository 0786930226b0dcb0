import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The secrets of a development server: made once, and kept in a file that only its owner may read. */
export function developmentSecrets(file: string): { AUTH_SECRET: string; TICKET_SECRETS: string } {
  if (!existsSync(file)) {
    const secrets = { AUTH_SECRET: randomSecret(), TICKET_SECRETS: randomSecret() }
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 })
  }
  return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof developmentSecrets>
}

/** 256 bits, as long as the output of the hash that uses it (RFC 7518, section 3.2). */
function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}
