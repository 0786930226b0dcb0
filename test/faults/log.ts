/** The log of a run: each request before it is sent, and each response. One JSON object a line. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Health } from './health.ts'
import type { Op } from './operations.ts'

/** A queue ticket, read from its token. */
export interface Ticket {
  userId: string
  concertId: string
  number: number
}

/** ok: done. refused: not done. unknown: no response, or one that does not say whether it was done. */
export type Outcome = 'ok' | 'refused' | 'unknown'

/** The status of a ticket, as a client received it. */
export interface Status {
  __typename: 'Waiting' | 'Admitted' | 'Finished' | 'Lapsed'
  position?: number
  until?: string
  reason?: string
}

export interface Sent {
  kind: 'sent'
  call: number
  at: number
  op: Op
  user: string
  server: number
  args: Record<string, unknown>
  /** The queue ticket sent with it. */
  ticket?: Ticket | undefined
  /** What it uses of another user: then it must never succeed. */
  theft?: string | undefined
}

export interface Answered {
  kind: 'answered'
  call: number
  at: number
  outcome: Outcome
  /** `extensions.code` of an error, the `__typename` of a refusal, or the code of a network error. */
  code?: string | undefined
  /** Of HTTP; undefined: no response. */
  status?: number
  answer?: Record<string, unknown> | undefined
}

export type Entry = { at: number } & (
  | Sent
  | Answered
  | { kind: 'subscribed'; stream: number; user: string; server: number; ticket: Ticket }
  | { kind: 'seen'; stream: number; status: Status }
  | { kind: 'closed'; stream: number; why: string }
  | { kind: 'sale'; concert: string; performances: string[]; seatCount: number }
  | { kind: 'fault'; id: number; name: string; phase: 'start' | 'end' }
  /** Responses of a server; null: none. `stopping`: it was asked to stop. */
  | {
      kind: 'health'
      server: number
      askedAt: number
      stopping: boolean
      ready: number | null
      health: Health | null
    }
  /** Between start and end a page sends nothing but WebSocket pongs. */
  | { kind: 'frozen'; user: string; ticket: Ticket; phase: 'start' | 'end' }
  /** One operation over every path, several times: the complete responses as text. */
  | { kind: 'compared'; operation: string; answers: { path: string; text: string }[] }
  /** The result of a final check. */
  | {
      kind: 'finalCheck'
      check: 'ready' | 'quiet' | 'admitted' | 'reheld' | 'drained' | 'released'
      ok: boolean
      about: string
    }
)

type Without<T> = T extends unknown ? Omit<T, 'at'> : never

export interface Log {
  /** Appends it synchronously, with the time, so that the order in the file is the order of events. */
  write(entry: Without<Entry>): void
  close(): void
}

/** Times are in milliseconds since 1970, by the clock of this machine, which the stores share. */
export function openLog(file: string): Log {
  const descriptor = openSync(file, 'a')
  let open = true
  return {
    write: (entry) => {
      if (open) writeSync(descriptor, `${JSON.stringify({ at: Date.now(), ...entry })}\n`)
    },
    close: () => {
      if (open) closeSync(descriptor)
      open = false
    },
  }
}

/** Every entry of a log, in order. */
export function readLog<T = Entry>(file: string): T[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T)
}

/** The claims of a queue token, which only tests may read. */
export function readToken(token: string): Ticket {
  const payload = token.split('.')[1] ?? ''
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  return { userId: String(claims.sub), concertId: String(claims.concert), number: Number(claims.number) }
}
