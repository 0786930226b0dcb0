/** The CPU time of the PostgreSQL backends of our servers. */
import { readFileSync } from 'node:fs'
import type postgres from 'postgres'

/** By process id, in microseconds: the kernel's Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat. */
export async function backendMicros(sql: postgres.Sql): Promise<Map<number, number>> {
  const rows = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where datname = current_database() and application_name = 'stagedoor'`
  return new Map(rows.map(({ pid }) => [pid, Number(read(pid).split(' ')[0]) / 1_000]))
}

/** 0 for a connection that has closed meanwhile. */
function read(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/schedstat`, 'utf8')
  } catch {
    return '0'
  }
}
