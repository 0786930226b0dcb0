import type { User } from '../domain/users.ts'
import type { Database } from './client.ts'

/** Stores a new user. The caller makes the id. */
export async function createUser(db: Database, { id, name }: User): Promise<void> {
  await db.call((sql) => sql`insert into users (id, name) values (${id}, ${name})`)
}

/** The users with these ids that this service issued an identity to, in any order. */
export const loadUsers = (db: Database, ids: readonly string[]): Promise<User[]> =>
  db.call((sql) => sql<User[]>`select id, name from users where id = any(${ids}::uuid[])`)
