import type { Context } from './context.ts'
import { createUser } from '../db/users.ts'
import type { User } from '../domain/users.ts'
import { canView } from './authorization.ts'
import { enforceRateLimits } from './rate-limits.ts'

/**
 * The token is the only proof of who owns the seats, so it has to last until the date of the performance. Half a year is longer
 * than most sales open ahead.
 */
const TOKEN_LIFETIME_SECONDS = 180 * 24 * 60 * 60

/** @throws Problem RATE_LIMITED, OVERLOADED */
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

/** The owner of something. */
export const userOf = ({ userId }: { userId: string }, _: unknown, context: Context): Promise<User> =>
  userOrPlaceholder(userId, context)

/** Where another issuer signs the access tokens, only the id is known. */
const userOrPlaceholder = async (id: string, context: Context): Promise<User> =>
  (await context.loaders.users.load(id)) ?? { id, name: '' }
