import postgres from 'postgres'
import type { Fault, FaultCluster } from '../cluster/types.ts'
import { jittered, retry, delay } from './timing.ts'

/** Runs with a connection of its own, without a link. */
async function withAdmin<T>(
  { databaseUrl }: FaultCluster,
  run: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(databaseUrl, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    return await run(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

const stopped: Fault = {
  name: 'PostgreSQL stopped at once',
  target: 'postgres',
  run: async ({ postgres: store }, random, signal) => {
    store.kill('SIGQUIT') // the immediate shutdown: the next start recovers
    await store.ended()
    await delay(jittered(2_000, random), signal)
    await retry(() => store.start())
  },
}

const hung: Fault = {
  name: 'PostgreSQL hung',
  target: 'postgres',
  run: async ({ postgres: store }, random, signal) => {
    store.kill('SIGSTOP')
    await delay(jittered(5_000, random), signal)
    store.kill('SIGCONT')
  },
}

/** Every call waits for one lock, until every pool is exhausted. */
const poolExhausted: Fault = {
  name: 'pool exhausted',
  target: 'postgres',
  run: async (cluster, random, signal) => {
    const table = random.pick(['accounts', 'reservations', 'seat_claims', 'idempotency_keys', 'outbox'])
    await withAdmin(cluster, async (sql) => {
      await sql`begin`
      try {
        await sql`set local lock_timeout = '2s'`
        await sql.unsafe(`lock table ${table} in access exclusive mode`)
        await delay(jittered(5_000, random), signal)
      } finally {
        await sql`rollback`
      }
    })
  },
}

const backendsKilled: Fault = {
  name: 'backends killed',
  target: 'postgres',
  run: async (cluster, random, signal) => {
    const until = performance.now() + jittered(4_000, random)
    await withAdmin(cluster, async (sql) => {
      while (performance.now() < until && !signal.aborted) {
        // An active one, if there is one.
        await sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'stagedoor' and datname = current_database()
          order by state = 'active' desc, random() limit 1`
        await delay(random.int(5, 150), signal)
      }
    })
  },
}

/** The functions that the sweeper and the relay call, and versions that do nothing. */
const JOBS = [
  ['expire_reservations', '(p_limit int) returns int language sql as $$ select 0 $$'],
  [
    'lease_outbox',
    '(p_delivered bigint[], p_limit int, p_lease_ms bigint) returns setof outbox language sql as $$ select * from outbox where false $$',
  ],
] as const

/** In the database, for all servers at once: the server has no such switch. */
const jobsOff: Fault = {
  name: 'sweeper and relay off',
  target: 'postgres',
  run: async (cluster, random, signal) => {
    const names = JOBS.map(([name]) => name)
    const originals = await withAdmin(
      cluster,
      (sql) => sql<{ definition: string }[]>`
        select pg_get_functiondef(oid) as definition from pg_proc where proname = any (${names})`,
    )
    const define = (definitions: readonly string[]) => () =>
      withAdmin(cluster, (sql) => sql.unsafe(definitions.join(';\n')))
    try {
      await define(JOBS.map(([name, rest]) => `create or replace function ${name}${rest}`))()
      await delay((Number(cluster.env.HOLD_SECONDS) + jittered(4, random)) * 1_000, signal)
    } finally {
      await retry(define(originals.map(({ definition }) => definition)))
    }
  },
}

const readOnly: Fault = {
  name: 'PostgreSQL read-only',
  target: 'postgres',
  run: async (cluster, random, signal) => {
    const set = (value: string) =>
      withAdmin(cluster, async (sql) => {
        await sql.unsafe(`alter system set default_transaction_read_only = ${value}`)
        await sql`select pg_reload_conf()`
      })
    try {
      await set('on')
      await delay(jittered(5_000, random), signal)
    } finally {
      await retry(() => set('off'))
    }
  },
}

/** Tables that a purchase writes; on a full disk the statement that needs a new page fails. */
const WRITTEN = ['reservations', 'transfers', 'idempotency_keys', 'outbox']

const diskFull: Fault = {
  name: 'PostgreSQL disk full',
  target: 'postgres',
  run: async (cluster, random, signal) => {
    const inOne = (statements: readonly string[]) =>
      withAdmin(cluster, (sql) =>
        sql.unsafe(`set lock_timeout = '5s'; begin; ${statements.join(';')}; commit`),
      )
    try {
      await retry(() =>
        inOne([
          `create or replace function history.disk_full() returns trigger language plpgsql as
            $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
          ...WRITTEN.map(
            (table) => `create or replace trigger disk_full before insert on ${table}
              for each statement execute function history.disk_full()`,
          ),
        ]),
      )
      await delay(jittered(5_000, random), signal)
    } finally {
      await retry(() => inOne(WRITTEN.map((table) => `drop trigger if exists disk_full on ${table}`)))
    }
  },
}

export const postgresFaults: readonly Fault[] = [
  stopped,
  hung,
  poolExhausted,
  backendsKilled,
  jobsOff,
  readOnly,
  diskFull,
]
