/**
 * What an operation costs a server and a database that have served and sold a lot since they started empty, beside a server
 * and a database that have just started: measured in turn, because the cost of the same work drifts with the machine.
 */
import postgres from 'postgres'
import { backendMicros } from './lib/backends.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { sendBatch, type BatchedRequest } from './lib/request-batch.ts'
import { median, type Row } from './lib/results.ts'
import { cpuMicros, type Program } from './lib/programs.ts'
import { createEnvironment, type Environment, type User } from './lib/environment.ts'

/** More than there are connections to PostgreSQL, so that none of them is idle and closes. */
const AT_ONCE = 16
/** So often everybody asks for each thing that is read. */
const READS = 4
const BUYERS = 400
const DATES = 16
const SEATS_OF_DATE = 50
/** How often everything is measured while the server ages: at the start, at the end, and in between. */
const POINTS = 5
/** Statements of one request that makes the server older. */
const LISTS = 20

const document = {
  position: '{ queueTicket { status { __typename } } }',
  dates: 'query ($id: ID!) { performances(concertId: $id) { id startsAt availableSeatCount } }',
  seats: 'query ($id: ID!) { performance(id: $id) { seats { number status price } } }',
  balance: '{ points { balance } }',
  reservations: '{ reservations(first: 20) { edges { node { id status price } } } }',
  hold: 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on Reservation { id } } }',
  charge:
    'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { ... on PointAccount { balance } } }',
  pay: 'mutation ($input: PayReservationInput!) { payReservation(input: $input) { ... on Payment { id } } }',
  join: 'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { ... on QueueTicket { token } } }',
  lists: `{ ${Array.from({ length: LISTS }, (_, n) => `a${n}: concerts(first: 1) { pageInfo { hasNextPage } }`).join(' ')} }`,
}

/** In the order in which they are done; `position` asks Redis alone. */
const OPERATIONS = ['position', 'hold', 'dates', 'seats', 'charge', 'balance', 'pay', 'reservations'] as const
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
    const { environment, rounds, say } = context
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
        say(`${points.at(-1)?.at}: ${describe(medianOf(measured))}`)
      }
      return rowsOf(points, await compare(old, rounds, say))
    } finally {
      await old.stop()
    }
  },
}

/** A server, and what it is given to do. */
interface Measured {
  sql: postgres.Sql
  /** Everybody buys a seat. @returns what each operation cost */
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
async function compare(old: Measured, rounds: number, say: (line: string) => void): Promise<Compared> {
  const environment = await createEnvironment(say)
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
    atOnce: AT_ONCE,
    batch: Array.from({ length: 500 }, () => ({
      headers: {},
      body: JSON.stringify({ query: document.lists }),
    })),
  })

/** Everybody joins the queue of a new concert, buys a seat, and looks at everything. */
async function sell(stage: Environment, buyers: number, server: Program, sql: postgres.Sql): Promise<Costs> {
  const { concertId, performanceIds } = await stage.createConcert(server, {
    seatCount: SEATS_OF_DATE,
    dates: DATES,
  })
  const people = await stage.createUsers(buyers)
  const costs: Partial<Costs> = {}
  const run = async (
    operation: Operation | 'join',
    errandOf: (person: User, index: number) => BatchedRequest,
  ) => {
    const once = people.map(errandOf)
    const reads = document[operation].startsWith('mutation') ? 1 : READS
    const batch = Array.from({ length: reads }, () => once).flat()
    const before = { server: cpuMicros(server.pid), backends: await backendMicros(sql) }
    const { answers } = await sendBatch({ url: server.url, atOnce: AT_ONCE, batch })
    const after = { server: cpuMicros(server.pid), backends: await backendMicros(sql) }
    const refused = answers.find((text) => /"errors"|\{\}/.test(text))
    if (refused !== undefined) throw new Error(`${operation}: ${refused}`)
    if (operation === 'join') return answers
    // A backend that is new has done all that it has done since; what one did that ended meanwhile is not known.
    const worked = [...after.backends].map(([pid, micros]) => micros - (before.backends.get(pid) ?? 0))
    costs[operation] = {
      server: (after.server - before.server) / batch.length,
      postgres: worked.reduce((sum, each) => sum + each, 0) / batch.length,
    }
    return answers
  }
  const requestOf = (
    operation: Operation | 'join',
    person: User,
    variables: object,
    token = '',
  ): BatchedRequest => ({
    headers: { authorization: person.authorization, ...(token && { 'x-queue-token': token }) },
    body: JSON.stringify({ query: document[operation], variables }),
  })

  const joined = await run('join', (person) => requestOf('join', person, { id: concertId }))
  const tokens = joined.map((text) => /"token":"([^"]+)"/.exec(text)?.[1])
  const performanceOf = (index: number) => performanceIds[index % DATES]
  const ask = (operation: Operation, variablesOf: (index: number) => object) =>
    run(operation, (person, index) => requestOf(operation, person, variablesOf(index), tokens[index]))

  await ask('position', () => ({}))
  const holds = (
    await ask('hold', (index) => ({
      input: {
        performanceId: performanceOf(index),
        seatNumbers: [Math.floor(index / DATES) + 1],
        idempotencyKey: 'hold',
      },
    }))
  ).map((text) => /"id":"([^"]+)"/.exec(text)?.[1])
  await ask('dates', () => ({ id: concertId }))
  await ask('seats', (index) => ({ id: performanceOf(index) }))
  await ask('charge', () => ({ input: { amount: 10, idempotencyKey: 'charge' } }))
  await ask('balance', () => ({}))
  await ask('pay', (index) => ({ input: { reservationId: holds[index], idempotencyKey: 'pay' } }))
  await ask('reservations', () => ({}))
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
    name === 'position' ? [row(name, 'server')] : [row(name, 'server'), row(name, 'postgres')],
  )
  const [first, last] = [points[0], points.at(-1)]
  return rows.map((it, index) =>
    index === 0 ? { ...it, notes: [`from ${first?.at} to ${last?.at}`, ...it.notes] } : it,
  )
}

const short = (value: number): string => Math.round(value).toLocaleString('en')

const describe = (costs: Costs): string =>
  OPERATIONS.map((name) => `${name} ${short(costs[name].server)} + ${short(costs[name].postgres)}`).join(', ')
