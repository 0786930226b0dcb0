/** The log of a run: what was asked, before it was sent, and what came back. One JSON object a line. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Health } from './health.ts'
import type { Op } from './operations.ts'

/** A queue ticket, read from its token. */
export interface Ticket {
  userId: string
  concertId: string
  number: number
}

/**
 * ok: done. refused: not done, and it will not be by itself. unknown: no answer, or one that says nothing about
 * whether it was done.
 */
export type Outcome = 'ok' | 'refused' | 'unknown'

/** How a ticket stood, as a client was told. */
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
  /** The queue ticket that was shown with it. */
  ticket?: Ticket | undefined
  /** What of somebody else's it uses: it may never work. */
  theft?: string | undefined
}

export interface Answered {
  kind: 'answered'
  call: number
  at: number
  outcome: Outcome
  /** Of an error (`extensions.code`), or what went wrong on the way. */
  code?: string | undefined
  /** Of HTTP; undefined: there was no answer. */
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
  /** What a server said of itself; null: nothing. `stopping`: it had been told to stop. */
  | {
      kind: 'health'
      server: number
      askedAt: number
      stopping: boolean
      ready: number | null
      health: Health | null
    }
  /** Nothing but answers to WebSocket pings comes from a page between start and end. */
  | { kind: 'frozen'; user: string; ticket: Ticket; phase: 'start' | 'end' }
  /** One operation over every path, several times: the answers as text, without those that could not be had. */
  | { kind: 'compared'; operation: string; answers: { path: string; text: string }[] }
  /** What was found when everything was over and quiet. */
  | {
      kind: 'ending'
      check: 'ready' | 'quiet' | 'admitted' | 'reheld' | 'drained' | 'released'
      ok: boolean
      about: string
    }
)

type Without<T> = T extends unknown ? Omit<T, 'at'> : never

export interface Log {
  /** Appends it, with the time, before anything else happens. Later entries come later in the file too. */
  write(entry: Without<Entry>): void
  close(): void
}

/** Times are in milliseconds since 1970, by this machine's clock, which the stores share. */
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

/** What a queue token says; nobody but a test should look inside one. */
export function readToken(token: string): Ticket {
  const payload = token.split('.')[1] ?? ''
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  return { userId: String(claims.sub), concertId: String(claims.concert), number: Number(claims.number) }
}
