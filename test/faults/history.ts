/**
 * The history of the database: triggers record every change in the transaction that makes it, so that the checker sees
 * each transaction and not only the last state. Now and then they sleep while the transaction holds its locks, which makes
 * races of a microsecond long enough to be lost.
 */
import postgres from 'postgres'

export type Table =
  | 'reservations'
  | 'seat_claims'
  | 'accounts'
  | 'transfers'
  | 'payments'
  | 'spent_tickets'
  | 'idempotency_keys'
  | 'outbox'

/** Tables of which only the last state is read. */
type AuditTable = 'audit_log'

/** One row that changed, in one transaction. */
export interface Change {
  seq: number
  tx: string
  /** By PostgreSQL's clock, in milliseconds since 1970. */
  at: number
  tbl: Table
  op: 'INSERT' | 'UPDATE' | 'DELETE'
  was: Record<string, unknown> | null
  now: Record<string, unknown> | null
}

/** The run locked an account from then until then; what waited for it decided after that. */
export interface AccountLock {
  user: string
  from: number
  until: number
}

export interface DatabaseHistory {
  changes: Change[]
  accountLocks: AccountLock[]
  /** The last state of every table except idempotency_keys. */
  rows: Record<Exclude<Table, 'idempotency_keys'> | AuditTable, Record<string, unknown>[]>
}

const INSTALL = `
create schema history;
create table history.changes (
  seq bigserial primary key, tx text not null, at timestamptz not null, tbl text not null, op text not null,
  was jsonb, now jsonb);
create table history.account_locks (user_id uuid, from_at timestamptz, until_at timestamptz);
create function history.record() returns trigger language plpgsql as $$
begin
  insert into history.changes (tx, at, tbl, op, was, now)
  values (pg_current_xact_id()::text, clock_timestamp(), tg_table_name, tg_op, to_jsonb(old), to_jsonb(new));
  if random() < (case tg_table_name || ' ' || tg_op
    when 'reservations UPDATE' then 0.3 when 'accounts UPDATE' then 0.1 when 'seat_claims INSERT' then 0.05 else 0 end)
  then
    perform pg_sleep(random() * 0.06);
  end if;
  return null;
end $$;
-- Locks an account for a while, in one statement, so that a lost connection leaves nothing behind.
create function history.lock_account(p_user uuid, p_seconds double precision) returns void language plpgsql as $$
declare
  v_from timestamptz;
begin
  perform from public.accounts where user_id = p_user for update;
  if not found then
    return;
  end if;
  v_from := clock_timestamp();
  perform pg_sleep(p_seconds);
  insert into history.account_locks values (p_user, v_from, clock_timestamp());
end $$;`

const tables: readonly Table[] = [
  'reservations',
  'seat_claims',
  'accounts',
  'transfers',
  'payments',
  'spent_tickets',
  'idempotency_keys',
]

/** Installs the triggers in a database that is migrated and empty. */
export async function installHistory(databaseUrl: string): Promise<void> {
  const triggers = [
    ...tables.map((table) => recordOn(table, 'insert or update or delete')),
    recordOn('outbox', 'insert'),
  ]
  await withConnection(databaseUrl, (sql) => sql.unsafe([INSTALL, ...triggers].join('\n')))
}

const recordOn = (table: Table, events: string): string =>
  `create trigger zz_history after ${events} on ${table} for each row execute function history.record();`

export function readHistory(databaseUrl: string): Promise<DatabaseHistory> {
  return withConnection(databaseUrl, async (sql) => {
    const changes = await sql<Change[]>`
      select seq::int, tx, extract(epoch from at)::float8 * 1000 as at, tbl, op, was, now
      from history.changes order by seq`
    const accountLocks = await sql<AccountLock[]>`
      select user_id as "user", extract(epoch from from_at)::float8 * 1000 as from,
        extract(epoch from until_at)::float8 * 1000 as until from history.account_locks`
    const rows: Record<string, unknown[]> = {}
    for (const table of [...tables, 'outbox' as const, 'audit_log' as const]) {
      if (table === 'idempotency_keys') continue
      const found = await sql<{ row: unknown }[]>`select to_jsonb(t) as row from ${sql(table)} t`
      rows[table] = found.map(({ row }) => row)
    }
    return { changes: [...changes], accountLocks: [...accountLocks], rows: rows as DatabaseHistory['rows'] }
  })
}

/** Runs with a connection of its own. */
export async function withConnection<T>(url: string, run: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
    connection: { TimeZone: 'UTC' },
  })
  try {
    return await run(sql)
  } finally {
    await sql.end({ timeout: 2 })
  }
}
