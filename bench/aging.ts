/**
 * What an operation costs a server and a database that have served and sold a lot since they started empty, beside a server
 * and a database that have just started: measured in turn, because the cost of the same work drifts with the machine.
 */
import postgres from 'postgres'
import { headersOf } from '../client/http.ts'
import { backendMicros } from './lib/backends.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { documents, idIn, isRefused, tokenIn } from './lib/documents.ts'
import { sendBatch, type BatchedRequest } from './lib/request-batch.ts'
import { median, type Row } from './lib/results.ts'
import { cpuMicros, type Program } from './lib/programs.ts'
import { createEnvironment, type Environment, type User } from './lib/environment.ts'

/** More than there are connections to PostgreSQL, so that none of them is idle and closes. */
const CONCURRENCY = 16
/** How often each user sends each query. */
const READS = 4
const BUYERS = 400
const DATES = 16
const SEATS_OF_DATE = 50
/** Measurements while the server ages: at the start, at the end, and in between. */
const POINTS = 5
/** Statements of a request that ages the server. */
const LISTS = 20

const lists = `{ ${Array.from({ length: LISTS }, (_, n) => `a${n}: concerts(first: 1) { pageInfo { hasNextPage } }`).join(' ')} }`

/** In their order; `status` reads Redis alone. */
const OPERATIONS = ['status', 'hold', 'dates', 'seats', 'charge', 'balance', 'pay', 'reservations'] as const
type Operation = (typeof OPERATIONS)[number]

/** Microseconds of CPU time for each time. */
interface Cost {
  server: number
  postgres: number
}

type Costs = Record<Operation, Cost>

export const aging: Benchmark = {
  name: 'aging',
  run: async (context) => {
    const { environment, rounds, log } = context
    const goal = context.quick
      ? { statements: 100_000, seats: 4_000 }
      : { statements: 2_000_000, seats: 20_000 }
    const old = await start(environment)
    const points: { at: string; costs: Costs }[] = []
    try {
      const count = async () => {
        const [row] = await old.sql<[{ statements: number; seats: number }]>`
          select xact_commit::float as statements, (select count(*)::float from payments) as seats
          from pg_stat_database where datname = current_database()`
        return row
      }
      await old.buy() // warm: compiled, connected and planned, while the tables are empty
      for (let point = 0; point < POINTS; point++) {
        const share = point / (POINTS - 1)
        await growTo(share * goal.seats, async () => (await count()).seats, old.buy)
        await growTo(share * goal.statements, async () => (await count()).statements, old.list)
        const measured: Costs[] = []
        for (let round = 0; round < rounds; round++) measured.push(await old.buy())
        const { statements, seats } = await count()
        points.push({
          at: `${short(statements)} statements, ${short(seats)} seats`,
          costs: medianOf(measured),
        })
        log(`${points.at(-1)?.at}: ${describe(medianOf(measured))}`)
      }
      return rowsOf(points, await compare(old, rounds, log))
    } finally {
      await old.stop()
    }
  },
}

/** A measured server, and its load. */
interface Measured {
  sql: postgres.Sql
  /** New users buy a seat each. @returns the cost of each operation */
  buy: () => Promise<Costs>
  /** Reads that make the server, its connections and their statements older. */
  list: () => Promise<unknown>
  stop: () => Promise<void>
}

async function start(environment: Environment): Promise<Measured> {
  const server = await environment.startServer({ CHARGES_BY: 'buyers' })
  const sql = postgres(environment.databaseUrl, { max: 1, onnotice: () => undefined })
  return {
    sql,
    buy: () => sell(environment, BUYERS, server, sql),
    list: () => list(server),
    stop: async () => {
      await sql.end()
      await server.stop()
    },
  }
}

interface Compared {
  old: Costs[]
  young: Costs[]
}

/** Measures the old server and one that has just started on an empty database, in turn. */
async function compare(old: Measured, rounds: number, log: (line: string) => void): Promise<Compared> {
  const environment = await createEnvironment(log)
  try {
    const young = await start(environment)
    try {
      await young.buy() // warm, as the old one was at its start
      const compared: Compared = { old: [], young: [] }
      for (let round = 0; round < rounds; round++) {
        compared.young.push(await young.buy())
        compared.old.push(await old.buy())
      }
      return compared
    } finally {
      await young.stop()
    }
  } finally {
    await environment.close()
  }
}

async function growTo(
  goal: number,
  read: () => Promise<number>,
  grow: () => Promise<unknown>,
): Promise<void> {
  while ((await read()) < goal) await grow()
}

const list = (server: Program) =>
  sendBatch({
    url: server.url,
    concurrency: CONCURRENCY,
    batch: Array.from({ length: 500 }, () => ({
      headers: {},
      body: JSON.stringify({ query: lists }),
    })),
  })

/** New users join the queue of a new concert, buy a seat each, and send every query. */
async function sell(
  environment: Environment,
  buyers: number,
  server: Program,
  sql: postgres.Sql,
): Promise<Costs> {
  const { concertId, performanceIds } = await environment.createConcert(server, {
    seatCount: SEATS_OF_DATE,
    dates: DATES,
  })
  const users = await environment.createUsers(buyers)
  const costs: Partial<Costs> = {}
  const run = async (
    operation: Operation | 'join',
    requestOf: (user: User, index: number) => BatchedRequest,
  ) => {
    const once = users.map(requestOf)
    const reads = documents[operation].startsWith('mutation') ? 1 : READS
    const batch = Array.from({ length: reads }, () => once).flat()
    const before = { server: cpuMicros(server.pid), backends: await backendMicros(sql) }
    const { bodies } = await sendBatch({ url: server.url, concurrency: CONCURRENCY, batch })
    const after = { server: cpuMicros(server.pid), backends: await backendMicros(sql) }
    const refused = bodies.find(isRefused)
    if (refused !== undefined) throw new Error(`${operation}: ${refused}`)
    if (operation === 'join') return bodies
    // A new backend has used all its CPU time since; that of a backend that ended meanwhile is not known.
    const worked = [...after.backends].map(([pid, micros]) => micros - (before.backends.get(pid) ?? 0))
    costs[operation] = {
      server: (after.server - before.server) / batch.length,
      postgres: worked.reduce((sum, each) => sum + each, 0) / batch.length,
    }
    return bodies
  }
  const buildRequest = (
    operation: Operation | 'join',
    user: User,
    variables: object,
    queueToken?: string,
  ): BatchedRequest => ({
    headers: headersOf({ ...user, queueToken }),
    body: JSON.stringify({ query: documents[operation], variables }),
  })

  const joined = await run('join', (user) => buildRequest('join', user, { input: { concertId } }))
  const tokens = joined.map(tokenIn)
  const performanceOf = (index: number) => performanceIds[index % DATES]
  const send = (operation: Operation, variablesOf: (index: number) => object) =>
    run(operation, (user, index) => buildRequest(operation, user, variablesOf(index), tokens[index]))

  await send('status', () => ({}))
  const holds = (
    await send('hold', (index) => ({
      input: {
        performanceId: performanceOf(index),
        seatNumbers: [Math.floor(index / DATES) + 1],
        idempotencyKey: 'hold',
      },
    }))
  ).map(idIn)
  await send('dates', () => ({ id: concertId }))
  await send('seats', (index) => ({ id: performanceOf(index) }))
  await send('charge', () => ({ input: { amount: 10, idempotencyKey: 'charge' } }))
  await send('balance', () => ({}))
  await send('pay', (index) => ({ input: { reservationId: holds[index], idempotencyKey: 'pay' } }))
  await send('reservations', () => ({}))
  return costs as Costs
}

function medianOf(measured: readonly Costs[]): Costs {
  const of = (operation: Operation, side: keyof Cost) =>
    median(measured.map((costs) => costs[operation][side]))
  return Object.fromEntries(
    OPERATIONS.map((name) => [name, { server: of(name, 'server'), postgres: of(name, 'postgres') }]),
  ) as Costs
}

function rowsOf(points: readonly { at: string; costs: Costs }[], { old, young }: Compared): Row[] {
  const row = (operation: Operation, side: keyof Cost): Row => ({
    name: `${operation}: ${side === 'server' ? 'the server' : 'PostgreSQL'}`,
    unit: 'µs of CPU',
    ours: old.map((costs) => costs[operation][side]),
    reference: { name: 'just started', values: young.map((costs) => costs[operation][side]) },
    goal: { atMost: 1.2 },
    notes: [`while it aged ${points.map(({ costs }) => short(costs[operation][side])).join(', ')}`],
  })
  const rows = OPERATIONS.flatMap((name) =>
    name === 'status' ? [row(name, 'server')] : [row(name, 'server'), row(name, 'postgres')],
  )
  const [first, last] = [points[0], points.at(-1)]
  return rows.map((it, index) =>
    index === 0 ? { ...it, notes: [`from ${first?.at} to ${last?.at}`, ...it.notes] } : it,
  )
}

const short = (value: number): string => Math.round(value).toLocaleString('en')

const describe = (costs: Costs): string =>
  OPERATIONS.map((name) => `${name} ${short(costs[name].server)} + ${short(costs[name].postgres)}`).join(', ')
