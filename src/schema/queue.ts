import { SalesClosed } from '../domain/refusals.ts'
import type { Concert } from '../domain/catalog.ts'
import type { QueueSettings, QueueStatus } from '../domain/queue.ts'
import * as resolvers from '../resolvers/queue.ts'
import type { IssuedTicket } from '../resolvers/queue.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { globalId } from './ids.ts'

type Status<Kind extends QueueStatus['kind']> = Extract<QueueStatus, { kind: Kind }>

const waiting = builder.objectRef<Status<'Waiting'>>('Waiting').implement({
  description:
    'In line. Keep listening, or ask now and then: who is silent for five minutes is skipped until they return. Over WebSocket, answering the protocol’s Ping messages keeps you present; server-sent events do so only when they begin, so ask `queueTicket` now and then as well.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: '1 for the next to be admitted.' }),
    estimatedWaitSeconds: t.exposeInt('estimatedWaitSeconds', {
      nullable: true,
      description: 'Judged by the admissions of the last minute; null when there were none to go by.',
    }),
    paused: t.exposeBoolean('paused', { description: 'Has an operator stopped admission for the moment?' }),
  }),
})

const admitted = builder.objectRef<Status<'Admitted'>>('Admitted').implement({
  description: 'It is your turn: the dates and seats are open to you.',
  fields: (t) => ({
    until: t.expose('until', {
      type: 'DateTime',
      description:
        'When your turn ends. About a minute after admission at first; looking at the dates extends it, and so does holding seats, up to the longest length of a turn.',
    }),
  }),
})

const finished = builder.objectRef<Status<'Finished'>>('Finished').implement({
  description: 'A payment has spent the ticket. It opens nothing any more.',
  fields: (t) => ({ at: t.expose('at', { type: 'DateTime', description: 'When it was spent.' }) }),
})

const lapseReason = builder.enumType('LapseReason', {
  description: 'Why a ticket ended without a purchase.',
  values: {
    ADMISSION_EXPIRED: { description: 'The turn ran out.' },
    NOT_CLAIMED: { description: 'Admitted, but nobody came within the claim window.' },
    LEFT: { description: 'Its owner left the queue.' },
  } as const,
})

const lapsed = builder.objectRef<Status<'Lapsed'>>('Lapsed').implement({
  description: 'The ticket has ended. Joining again gives a new one, at the end of the line.',
  fields: (t) => ({
    reason: t.expose('reason', { type: lapseReason, description: 'Why.' }),
  }),
})

export const queueStatus = builder.unionType('QueueStatus', {
  description: 'How a queue ticket stands.',
  types: [waiting, admitted, finished, lapsed],
  resolveType: ({ kind }) => kind,
})

const queueTicket = builder.objectRef<IssuedTicket>('QueueTicket').implement({
  description: 'A place in the line of a concert, in exact order of request.',
  fields: (t) => ({
    token: t.exposeString('token', {
      description: 'Signed; keep it, and send it as `X-Queue-Token`. It survives a restart of everything.',
    }),
    userId: t.id({ description: 'Whose place it is.', resolve: ({ userId }) => globalId('User', userId) }),
    concertId: t.id({
      description: 'The concert whose line it is.',
      resolve: ({ concertId }) => globalId('Concert', concertId),
    }),
    status: t.field({
      type: queueStatus,
      description: 'How it stands now.',
      resolve: ({ status }) => status,
    }),
  }),
})

export const queue = builder.objectRef<Concert>('Queue').implement({
  description: 'The line of a concert: how many wait, and how fast they are let in.',
  fields: (t) => ({
    waitingCount: t.int({ description: 'How many wait.', resolve: resolvers.waitingCount }),
    admittedCount: t.int({ description: 'How many are in at the moment.', resolve: resolvers.admittedCount }),
    capacity: t.int({
      description: 'How many may be in at the same time.',
      resolve: ({ queueSettings }) => queueSettings.capacity,
    }),
    ratePerSecond: t.float({
      nullable: true,
      description: 'How many are let in per second at the most; null: as many as the capacity allows.',
      resolve: ({ queueSettings }) => queueSettings.ratePerSecond,
    }),
    paused: t.boolean({
      description: 'Nobody is let in while it is paused.',
      resolve: ({ queueSettings }) => queueSettings.paused,
    }),
  }),
})

export const queueSettings = builder.objectRef<QueueSettings>('QueueSettings').implement({
  description: 'What operators decide about a line.',
  fields: (t) => ({
    capacity: t.exposeInt('capacity', { description: 'How many may be in at the same time.' }),
    ratePerSecond: t.exposeFloat('ratePerSecond', {
      nullable: true,
      description: 'How many are let in per second at the most; null: as many as the capacity allows.',
    }),
    paused: t.exposeBoolean('paused', { description: 'Nobody is let in while it is paused.' }),
  }),
})

const issueQueueTokenInput = builder.inputType('IssueQueueTokenInput', {
  description: 'Which line to join.',
  fields: (t) => ({
    concertId: t.id({ required: true, description: 'The concert.' }).validate(validation.idOf('Concert')),
    userId: t
      .id({ description: 'You, if left out. Only operators may name somebody else.' })
      .validate(validation.idOf('User').nullish()),
    botCheckToken: t.string({
      validate: validation.botCheckToken.nullish(),
      description: 'What a check for robots gave you, where the server asks for one.',
    }),
  }),
})

const leaveQueueInput = builder.inputType('LeaveQueueInput', {
  description: 'Which place to give up.',
  fields: (t) => ({
    token: t.string({
      required: true,
      validate: validation.ticketToken,
      description: 'The token of your ticket.',
    }),
  }),
})

const updateQueueInput = builder.inputType('UpdateQueueInput', {
  description: 'What to change about a line; what is left out stays as it is.',
  fields: (t) => ({
    concertId: t.id({ required: true, description: 'The concert.' }).validate(validation.idOf('Concert')),
    capacity: t.int({
      validate: validation.queueCapacity.nullish(),
      description: 'How many may be in at the same time. Lowering it throws nobody out.',
    }),
    ratePerSecond: t.float({
      validate: validation.queueRate.nullish(),
      description: 'How many are let in per second at the most; null lifts the limit.',
    }),
    paused: t.boolean({ description: 'True stops admission, false lets it go on.' }),
  }),
})

const token = {
  validate: validation.ticketToken.nullish(),
  description: 'The token of the ticket; the one in `X-Queue-Token` if left out.',
}

builder.queryFields((t) => ({
  queueTicket: t.field({
    type: queueTicket,
    nullable: true,
    description: 'How your ticket stands, for those who cannot subscribe. Asking counts as being there.',
    args: { token: t.arg.string(token) },
    resolve: resolvers.queueTicket,
  }),
}))

builder.mutationFields((t) => ({
  issueQueueToken: t.field({
    type: queueTicket,
    description:
      'Joins the line of a concert. From any tab and any device you get the same place; once it has ended, a new one at the end.',
    errors: {
      types: [SalesClosed],
      union: { name: 'IssueQueueTokenResult', description: 'A place in line, or why there is none.' },
    },
    args: {
      input: t.arg({ type: issueQueueTokenInput, required: true, description: 'Which line to join.' }),
    },
    resolve: resolvers.issueQueueToken,
  }),
  leaveQueue: t.field({
    type: queueTicket,
    description:
      'Gives your place up, or your turn and the seats that you hold with it. It cannot be undone.',
    args: { input: t.arg({ type: leaveQueueInput, required: true, description: 'Which place to give up.' }) },
    resolve: resolvers.leaveQueue,
  }),
  updateQueue: t.field({
    type: queue,
    description: 'Operators: changes how people are let in, at once and on every instance.',
    args: { input: t.arg({ type: updateQueueInput, required: true, description: 'What to change.' }) },
    resolve: resolvers.updateQueue,
  }),
}))

builder.subscriptionFields((t) => ({
  queueStatus: t.field({
    type: queueStatus,
    description:
      'How your ticket stands: now, and whenever that changes. After Finished or Lapsed the stream ends. Listening counts as being there.',
    args: { token: t.arg.string(token) },
    subscribe: resolvers.queueStatus,
    resolve: (status) => status,
  }),
}))
