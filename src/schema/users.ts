import type { User } from '../domain/users.ts'
import { pointsOf } from '../resolvers/points.ts'
import * as resolvers from '../resolvers/users.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { pointAccount } from './points.ts'

export const user = builder.objectRef<User>('User')
builder.node(user, {
  description: 'Somebody who buys.',
  id: { resolve: ({ id }) => id },
  loadOne: (id, context) => resolvers.user(null, { id }, context),
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'Their name; empty if it was not this server that they signed up with.',
    }),
    points: t.field({ type: pointAccount, description: 'The points they can pay with.', resolve: pointsOf }),
  }),
})

builder.queryField('me', (t) =>
  t.field({ type: user, nullable: true, description: 'You.', resolve: resolvers.me }),
)

const signUpInput = builder.inputType('SignUpInput', {
  description: 'Who you are.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Your name.' }).validate(validation.userName),
  }),
})

const signUpPayload = builder.objectRef<{ user: User; accessToken: string }>('SignUpPayload').implement({
  description: 'A new identity.',
  fields: (t) => ({
    user: t.expose('user', { type: user, description: 'You.' }),
    accessToken: t.exposeString('accessToken', {
      description: 'Proves that it is you, for half a year: send it as `Authorization: Bearer …`.',
    }),
  }),
})

builder.mutationField('signUp', (t) =>
  t.field({
    type: signUpPayload,
    description: 'Makes a new identity and its access token.',
    args: { input: t.arg({ type: signUpInput, required: true, description: 'Who you are.' }) },
    resolve: resolvers.signUp,
  }),
)
