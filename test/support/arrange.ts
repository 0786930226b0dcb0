/** Arranges what no operation can: time that has passed, and a sweeper that stands still. */
import { parseGlobalId } from '../../src/schema/ids.ts'
import type { TestDatabase } from './database.ts'

/** The UUID in a global id. */
export function uuidOf(id: string): string {
  const parsed = parseGlobalId(id)
  if (!parsed) throw new Error(`${id} is not a global id`)
  return parsed.id
}

/** Stops the sweeper of this test file's database. */
export async function stopSweeper({ sql }: TestDatabase): Promise<void> {
  await sql.unsafe(
    `create or replace function expire_reservations(p_limit int) returns int language sql as 'select 0'`,
  )
}

/** Makes a hold lapse. The trigger that protects reservations is off meanwhile. */
export async function letHoldLapse({ sql }: TestDatabase, reservationId: string): Promise<void> {
  await sql.unsafe(`
    set session_replication_role = replica;
    update reservations set held_at = now() - interval '1 hour', held_until = now() - interval '1 second'
    where id = '${uuidOf(reservationId)}';
    reset session_replication_role`)
}

/** Moves the dates of a concert, or one date, into the past. @param id of the concert or the performance */
export async function letDatesPass({ sql }: TestDatabase, id: string): Promise<void> {
  const uuid = uuidOf(id)
  await sql`update performances set starts_at = now() - interval '1 minute' where ${uuid} in (id, concert_id)`
}
