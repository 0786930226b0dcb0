/** The same scripts and statements without the server: pgbench and ioredis, on the same stores. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import type { ScriptsResult, ScriptsTask } from '../reference/scripts.ts'
import { runProgram } from './programs.ts'
import type { Environment } from './environment.ts'

const HELD_MS = 300_000
const TURN_MS = 900_000

/** Calls a second. */
export interface PostgresBaseline {
  dates: number
  seats: number
  hold: number
  charge: number
  pay: number
}

/** join.lua and status.lua by ioredis, in calls a second. */
export const redisBaseline = (
  { redisUrl }: Environment,
  count: number,
  concurrency: number,
): Promise<ScriptsResult> =>
  runProgram<ScriptsResult>('bench/reference/scripts.ts', {
    redisUrl,
    count,
    concurrency,
  } satisfies ScriptsTask)

/** Runs each statement with pgbench, `count` times, for another user and seat each time. */
export async function postgresBaseline(
  { databaseUrl }: Environment,
  count: number,
  concurrency: number,
): Promise<PostgresBaseline> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql`drop schema if exists bench cascade`
    await sql`create schema bench`
    await sql`create sequence bench.row`
    await sql`create table bench.users as
      select n::int, gen_random_uuid() as user_id, gen_random_uuid() as reservation_id from generate_series(1, ${2 * count}::int) n`
    await sql`create unique index on bench.users (n)`
    await sql`create table bench.sale as select gen_random_uuid() as performance_id, id as concert_id from concerts limit 1`
    await sql`insert into performances (id, concert_id, starts_at, seat_count, seat_price)
      select performance_id, concert_id, now() + interval '1 day', 1000000, 10 from bench.sale`
    await sql`analyze bench.users`
    const call = async (select: string): Promise<number> => {
      await sql`alter sequence bench.row restart`
      // Materialized: nextval in a condition would be called for every row.
      const next = `with next as materialized (select nextval('bench.row')::int as n)`
      const from = 'from next join bench.users u using (n) cross join bench.sale s'
      return pgbench(databaseUrl, [`${next} select ${select} ${from}`], count, concurrency)
    }
    const [sample] = await sql<[{ performanceId: string; concertId: string }]>`
      select c.performance_id as "performanceId", p.concert_id as "concertId"
      from seat_claims c join performances p on p.id = c.performance_id
      group by 1, 2 order by count(*) limit 1`
    const isLive = `c.released_at is null and (r.status = 'PAID' or (r.status = 'HELD' and r.held_until > read_clock()))`
    const claims = `from seat_claims c join reservations r on r.id = c.reservation_id
      where c.performance_id = '${sample.performanceId}' and ${isLive}`
    const dates = await pgbench(
      databaseUrl,
      [
        `select * from performances where concert_id = '${sample.concertId}' and starts_at > read_clock()
          order by starts_at, id limit 100`,
        `select c.performance_id, count(*)::int ${claims} group by 1`,
      ],
      count,
      concurrency,
    )
    const seats = await pgbench(
      databaseUrl,
      [
        `select * from performances where id = '${sample.performanceId}'`,
        `select c.performance_id, c.seat_number, r.status ${claims}`,
      ],
      count,
      concurrency,
    )
    const hold = await call(
      `hold_seats(u.user_id, 'hold', u.reservation_id, s.performance_id, array[u.n], s.concert_id, u.n, true, ${HELD_MS}, ${TURN_MS}, ${TURN_MS}, 4)`,
    )
    const charge = await call(`charge_points(u.user_id, 'charge', u.user_id, 10, 9007199254740991)`)
    const pay = await call(
      `pay_reservation(u.user_id, 'pay', gen_random_uuid(), u.reservation_id, s.concert_id)`,
    )
    const [paid] = await sql<
      [{ count: number }]
    >`select count(*)::int from payments y join bench.users p using (reservation_id)`
    if (paid.count < 0.99 * count) throw new Error(`pgbench paid ${paid.count} of ${count}`)
    return { dates, seats, hold, charge, pay }
  } finally {
    await sql.end()
  }
}

/** @returns transactions a second */
async function pgbench(
  databaseUrl: string,
  statements: string[],
  count: number,
  concurrency: number,
): Promise<number> {
  const file = join(mkdtempSync(join(tmpdir(), 'stagedoor-pgbench-')), 'script.sql')
  writeFileSync(file, statements.map((statement) => `${statement.replace(/\s+/g, ' ')};\n`).join(''))
  const options = { M: 'prepared', c: concurrency, j: 1, t: Math.ceil(count / concurrency), f: file }
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)])
  const { stdout } = await promisify(execFile)(pgbenchPath(), ['-n', ...args, databaseUrl])
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1])
}

/** pgbench is not on the PATH on Debian. */
function pgbenchPath(): string {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian) : []
  const found = versions
    .map((version) => `${debian}/${version}/bin/pgbench`)
    .filter((path) => existsSync(path))
  return found.at(-1) ?? 'pgbench'
}
