import type { User } from '../domain/users.ts'
import type { Database } from './client.ts'
import { defineLoad, isOneOf } from './read.ts'
import { users } from './tables.ts'

/** Remembers a new user. The id is the caller's to make. */
export async function createUser(db: Database, user: { id: string; name: string }): Promise<void> {
  await db.call((_, orm) => orm.insert(users).values(user))
}

/** The users of these ids that this server issued an identity to, in any order. */
export const loadUsers = defineLoad<User[]>((orm) =>
  orm.select({ id: users.id, name: users.name }).from(users).where(isOneOf(users.id)),
)
