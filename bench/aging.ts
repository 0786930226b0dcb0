/** What an operation costs a server and a database that started empty, again and again while they serve and sell. */
import postgres from 'postgres'
import { backendMicros } from './lib/backends.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { sendBatch, type BatchedRequest } from './lib/request-batch.ts'
import { median, type Row } from './lib/results.ts'
import { cpuMicros, type Program } from './lib/programs.ts'
import type { User, Environment } from './lib/environment.ts'

/** More than there are connections to PostgreSQL, so that none of them is idle and closes. */
const AT_ONCE = 16
/** So often everybody asks for each thing that is read. */
const READS = 4
const DATES = 16
const SEATS_OF_DATE = 50
/** How often everything is measured: at the start, at the end, and in between. */
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
    const { environment: stage, rounds, say } = context
    const goal = context.quick
      ? { statements: 100_000, seats: 2_000, buyers: 100 }
      : { statements: 2_000_000, seats: 20_000, buyers: 400 }
    const server = await stage.startServer({ CHARGES_BY: 'buyers' })
    const sql = postgres(stage.databaseUrl, { max: 1, onnotice: () => undefined })
    const buy = () => sell(stage, goal.buyers, server, sql)
    try {
      const count = async () => {
        const [row] = await sql<[{ statements: number; seats: number }]>`
          select xact_commit::float as statements, (select count(*)::float from payments) as seats
          from pg_stat_database where datname = current_database()`
        return row
      }
      await buy() // warm: compiled, connected and planned, while the tables are empty
      const points: { at: string; costs: Costs }[] = []
      for (let point = 0; point < POINTS; point++) {
        const share = point / (POINTS - 1)
        await growTo(share * goal.seats, async () => (await count()).seats, buy)
        await growTo(
          share * goal.statements,
          async () => (await count()).statements,
          () => list(server),
        )
        const measured: Costs[] = []
        for (let round = 0; round < rounds; round++) measured.push(await buy())
        const { statements, seats } = await count()
        points.push({
          at: `${short(statements)} statements, ${short(seats)} seats`,
          costs: medianOf(measured),
        })
        say(`${points.at(-1)?.at}: ${describe(medianOf(measured))}`)
      }
      return rowsOf(points)
    } finally {
      await sql.end()
      await server.stop()
    }
  },
}

async function growTo(
  goal: number,
  read: () => Promise<number>,
  grow: () => Promise<unknown>,
): Promise<void> {
  while ((await read()) < goal) await grow()
}

/** Reads that make the server, its connections and their statements older. */
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

function rowsOf(points: readonly { at: string; costs: Costs }[]): Row[] {
  const row = (operation: Operation, side: keyof Cost): Row => {
    const figures = points.map(({ costs }) => costs[operation][side])
    return {
      name: `${operation}: ${side === 'server' ? 'the server' : 'PostgreSQL'}`,
      unit: 'µs of CPU',
      ours: figures.slice(-1),
      reference: { name: 'at the start', values: figures.slice(0, 1) },
      goal: { atMost: 1.2 },
      notes: [`in between ${figures.slice(1, -1).map(short).join(', ')}`],
    }
  }
  const [first, last] = [points[0], points.at(-1)]
  const rows = OPERATIONS.flatMap((name) =>
    name === 'position' ? [row(name, 'server')] : [row(name, 'server'), row(name, 'postgres')],
  )
  return rows.map((it, index) =>
    index === 0 ? { ...it, notes: [`from ${first?.at} to ${last?.at}`, ...it.notes] } : it,
  )
}

const short = (value: number): string => Math.round(value).toLocaleString('en')

const describe = (costs: Costs): string =>
  OPERATIONS.map((name) => `${name} ${short(costs[name].server)} + ${short(costs[name].postgres)}`).join(', ')
