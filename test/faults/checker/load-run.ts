/** What happened in a run, read from its files and put in order for the checks. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseHistory, Change } from '../history.ts'
import { readLog, type Answered, type Entry, type Sent, type Status, type Ticket } from '../log.ts'
import type { Settings } from '../run.ts'
import type { Sample } from '../sampler.ts'

/** One operation. Its places in the log say exactly what came before what. */
export interface Call extends Omit<Sent, 'kind' | 'at'> {
  sentAt: number
  sentNo: number
  /** Infinity: never. */
  answeredAt: number
  answeredNo: number
  outcome: Answered['outcome']
  code: string | undefined
  /** Of HTTP; undefined: there was no answer. */
  status: number | undefined
  answer: Record<string, unknown> | undefined
}

/** One subscription on one connection. */
export interface Stream {
  id: number
  user: string
  server: number
  ticket: Ticket
  openedAt: number
  openedNo: number
  /** Infinity: it was open to the end. */
  closedAt: number
  seen: { at: number; no: number; status: Status }[]
}

export interface Fault {
  name: string
  from: number
  until: number
}

/** A line of a server's log that says that something is wrong. */
export interface LogLine {
  server: string
  level: number
  message: string
  error: { type?: string; code?: string; message?: string; stack?: string } | undefined
}

export interface Run {
  calls: Call[]
  streams: Stream[]
  /** Of each concert, in order. */
  samples: Map<string, Sample[]>
  faults: Fault[]
  finalChecks: Extract<Entry, { kind: 'finalCheck' }>[]
  sales: Extract<Entry, { kind: 'sale' }>[]
  health: Extract<Entry, { kind: 'health' }>[]
  /** Pages that were frozen, from when to when. */
  frozen: { ticket: Ticket; from: number; until: number }[]
  compared: Extract<Entry, { kind: 'compared' }>[]
  history: DatabaseHistory
  /** The changes of each transaction. */
  transactions: Map<string, Change[]>
  serverLog: LogLine[]
  settings: Settings
}

/** @param directory of a run that came to its end */
export function loadRun(directory: string): Run {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(directory, name), 'utf8'))
  const history = read('history.json') as DatabaseHistory
  const samples = readLog<Sample>(join(directory, 'samples.jsonl')).sort((a, b) => a.at - b.at)
  return {
    ...fold(readLog(join(directory, 'log.jsonl'))),
    samples: groupBy(samples, ({ concert }) => concert),
    history,
    transactions: groupBy(history.changes, ({ tx }) => tx),
    serverLog: readServerLogs(directory),
    settings: read('settings.json') as Settings,
  }
}

function fold(
  entries: Entry[],
): Pick<Run, 'calls' | 'streams' | 'faults' | 'finalChecks' | 'sales' | 'health' | 'frozen' | 'compared'> {
  const calls = new Map<number, Call>()
  const streams = new Map<number, Stream>()
  const faults = new Map<number, Fault>()
  const finalChecks: Run['finalChecks'] = []
  const sales: Run['sales'] = []
  const health: Run['health'] = []
  const compared: Run['compared'] = []
  const frozen: Run['frozen'] = []
  for (const [no, entry] of entries.entries()) {
    switch (entry.kind) {
      case 'sent': {
        const unanswered = { answeredAt: Infinity, answeredNo: Infinity, outcome: 'unknown' as const }
        const nothing = { code: undefined, status: undefined, answer: undefined }
        calls.set(entry.call, { ...entry, sentAt: entry.at, sentNo: no, ...unanswered, ...nothing })
        break
      }
      case 'answered': {
        const { at: answeredAt, outcome, code, status, answer } = entry
        const answered = { answeredAt, answeredNo: no, outcome, code, status, answer }
        Object.assign(calls.get(entry.call) ?? {}, answered)
        break
      }
      case 'subscribed': {
        const { stream: id, user, server, ticket, at } = entry
        streams.set(id, {
          id,
          user,
          server,
          ticket,
          openedAt: at,
          openedNo: no,
          closedAt: Infinity,
          seen: [],
        })
        break
      }
      case 'seen':
        streams.get(entry.stream)?.seen.push({ at: entry.at, no, status: entry.status })
        break
      case 'fault':
        if (entry.phase === 'start')
          faults.set(entry.id, { name: entry.name, from: entry.at, until: Infinity })
        else Object.assign(faults.get(entry.id) ?? {}, { until: entry.at })
        break
      case 'finalCheck':
        finalChecks.push(entry)
        break
      case 'sale':
        sales.push(entry)
        break
      case 'health':
        health.push(entry)
        break
      case 'frozen':
        if (entry.phase === 'start') frozen.push({ ticket: entry.ticket, from: entry.at, until: entry.at })
        else Object.assign(frozen.findLast(isOf(entry.ticket)) ?? {}, { until: entry.at })
        break
      case 'compared':
        compared.push(entry)
        break
      case 'closed':
        Object.assign(streams.get(entry.stream) ?? {}, { closedAt: entry.at })
        break
    }
  }
  return {
    calls: [...calls.values()],
    streams: [...streams.values()],
    faults: [...faults.values()],
    finalChecks,
    sales,
    health,
    frozen,
    compared,
  }
}

const isOf =
  ({ concertId, number }: Ticket) =>
  ({ ticket }: { ticket: Ticket }): boolean =>
    ticket.concertId === concertId && ticket.number === number

const WARN = 40
const CRASH = 60

function readServerLogs(directory: string): LogLine[] {
  const files = readdirSync(directory).filter((name) => /^server-\d+\.log$/.test(name))
  return files.flatMap((file) => {
    const lines = readFileSync(join(directory, file), 'utf8').split('\n')
    return lines.flatMap((line) => toLogLine(file, line) ?? [])
  })
}

function toLogLine(server: string, line: string): LogLine | undefined {
  if (!line.startsWith('{')) {
    // Whatever is not JSON was written by Node itself when the process fell over.
    const crashed = /^(\w*Error\b|Uncaught|node:internal|.*unhandled)/i.test(line)
    return crashed ? { server, level: CRASH, message: line, error: undefined } : undefined
  }
  try {
    const { level, msg, err } = JSON.parse(line) as { level: number; msg?: string; err?: LogLine['error'] }
    return level >= WARN ? { server, level, message: msg ?? '', error: err } : undefined
  } catch {
    return undefined // cut off by a kill
  }
}

/** Was nothing broken in all that time? */
export const isCalm = ({ faults }: Pick<Run, 'faults'>, from: number, until: number): boolean =>
  faults.every((fault) => fault.until < from || fault.from > until)

/** The items under each key, in their order. */
export function groupBy<T, Key>(items: readonly T[], keyOf: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
