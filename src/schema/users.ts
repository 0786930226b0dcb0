import type { User } from '../domain/users.ts'
import { pointsOf } from '../resolvers/points.ts'
import * as resolvers from '../resolvers/users.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { pointAccount } from './points.ts'

export const user = builder.objectRef<User>('User')
builder.node(user, {
  description: 'A user of this API.',
  id: { resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => resolvers.user(null, { id }, context),
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'The name given to `signUp`; empty where another issuer signs the access tokens.',
    }),
    points: t.field({ type: pointAccount, description: 'The points of the user.', resolve: pointsOf }),
  }),
})

builder.queryField('me', (t) =>
  t.field({
    type: user,
    nullable: true,
    description: 'The user of the access token.',
    resolve: resolvers.me,
  }),
)

const signUpInput = builder.inputType('SignUpInput', {
  description: 'A new user.',
  fields: (t) => ({
    name: t
      .string({ required: true, description: 'The name, up to 100 characters.' })
      .validate(validation.userName),
  }),
})

const signUpPayload = builder.objectRef<{ user: User; accessToken: string }>('SignUpPayload').implement({
  description: 'The user was added.',
  fields: (t) => ({
    user: t.expose('user', { type: user, description: 'The new user.' }),
    accessToken: t.exposeString('accessToken', {
      description:
        'The access token of the user, valid for half a year: send it as `Authorization: Bearer …`.',
    }),
  }),
})

builder.mutationField('signUp', (t) =>
  t.field({
    type: signUpPayload,
    description:
      'Adds a user, and issues an access token. Public; only where the server issues identities itself.',
    args: { input: t.arg({ type: signUpInput, required: true, description: 'The new user.' }) },
    resolve: resolvers.signUp,
  }),
)
