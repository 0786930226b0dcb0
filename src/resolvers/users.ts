import type { Context } from './context.ts'
import { createUser } from '../db/users.ts'
import type { User } from '../domain/users.ts'
import { canView } from './authorization.ts'
import { enforceRateLimits } from './rate-limits.ts'

/**
 * Nothing else says that the seats are theirs: a token that ended with the day would take away a seat for next month. Half
 * a year is longer than from most sales to their last date.
 */
const TOKEN_LIFETIME_SECONDS = 180 * 24 * 60 * 60

export async function signUp(
  _: unknown,
  { input }: { input: { name: string } },
  context: Context,
): Promise<{ user: User; accessToken: string }> {
  await enforceRateLimits(context, ['signUpsPerAddress', context.address])
  const user = { id: context.newId(), name: input.name }
  await createUser(context.db, user)
  const accessToken = await context.auth.issue({ userId: user.id, role: 'buyer' }, TOKEN_LIFETIME_SECONDS)
  return { user, accessToken }
}

export const me = (_: unknown, __: unknown, context: Context): Promise<User> =>
  userOrPlaceholder(context.viewer().userId, context)

export async function user(_: unknown, { id }: { id: string }, context: Context): Promise<User | null> {
  return canView(context.viewer(), id) ? userOrPlaceholder(id, context) : null
}

/** Where somebody else issues the identities, the id is all there is to know. */
export const userOrPlaceholder = async (id: string, context: Context): Promise<User> =>
  (await context.loaders.users.load(id)) ?? { id, name: '' }
