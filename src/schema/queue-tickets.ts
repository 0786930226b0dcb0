import type { QueueStatus } from '../domain/queue.ts'
import { SalesClosed } from '../domain/refusals.ts'
import { invalidate } from '../resolvers/invalidate.ts'
import * as resolvers from '../resolvers/queue-tickets.ts'
import type { TicketWithStatus } from '../resolvers/queue-tickets.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { concert } from './concerts.ts'
import { globalId, numberedKey, parseNumberedKey } from './ids.ts'

type Status<Kind extends QueueStatus['kind']> = Extract<QueueStatus, { kind: Kind }>

const waiting = builder.objectRef<Status<'Waiting'>>('Waiting').implement({
  description:
    'The ticket waits. Keep a subscription open or query `queueTicket` now and then: a ticket that is silent for five minutes is skipped until it is heard of again. Over WebSocket, answering the Ping messages of the protocol counts; with server-sent events only the start of the subscription does, so query `queueTicket` as well.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: '1: the next to be admitted.' }),
    estimatedWaitSeconds: t.exposeInt('estimatedWaitSeconds', {
      nullable: true,
      description: 'Estimated from the admissions of the last minute; null: there were none.',
    }),
    paused: t.exposeBoolean('paused', { description: 'True while an operator has paused admission.' }),
  }),
})

const admitted = builder.objectRef<Status<'Admitted'>>('Admitted').implement({
  description: 'The ticket is admitted: it opens the dates and seats.',
  fields: (t) => ({
    until: t.expose('until', {
      type: 'DateTime',
      description:
        'When the admission ends. It is about a minute after admission; the first use of the ticket extends it, and so does holding seats, up to the longest length of a turn.',
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
    ADMISSION_EXPIRED: { description: 'The time of the admission ran out.' },
    NOT_CLAIMED: { description: 'It was admitted, and not used within the claim time.' },
    LEFT: { description: 'Its owner left the queue.' },
  } as const,
})

const lapsed = builder.objectRef<Status<'Lapsed'>>('Lapsed').implement({
  description:
    'The ticket has ended without a purchase. Joining again gives a new one, at the end of the queue.',
  fields: (t) => ({
    reason: t.expose('reason', { type: lapseReason, description: 'Why it ended.' }),
  }),
})

export const queueStatus = builder.unionType('QueueStatus', {
  description: 'The status of a queue ticket.',
  types: [waiting, admitted, finished, lapsed],
  resolveType: ({ kind }) => kind,
})

const queueTicket = builder.objectRef<TicketWithStatus>('QueueTicket')
builder.node(queueTicket, {
  description: 'A place in the queue of a concert, in the exact order of request.',
  id: { resolve: ({ concertId, number }) => numberedKey(concertId, number) },
  loadWithoutCache: (key, context) => {
    const { id, number } = parseNumberedKey(key)
    return resolvers.ticketByNumber({ concertId: id, number }, context)
  },
  fields: (t) => ({
    token: t.string({
      description:
        'The queue token, which is the signed form of the ticket. Store it, and send it as `X-Queue-Token`. It survives restarts of all servers and stores.',
      resolve: resolvers.token,
    }),
    userId: t.id({
      description: 'The id of its owner.',
      resolve: ({ userId }) => globalId('User', userId),
    }),
    concert: t.field({
      type: concert,
      description: 'The concert.',
      resolve: ({ concertId }) => ({ id: concertId }),
    }),
    status: t.field({
      type: queueStatus,
      description: 'The present status.',
      resolve: ({ status }) => status,
    }),
  }),
})

const issueQueueTokenInput = builder.inputType('IssueQueueTokenInput', {
  description: 'The queue to join.',
  fields: (t) => ({
    concertId: t
      .id({ required: true, description: 'The id of the concert.' })
      .validate(validation.idOf('Concert')),
    userId: t
      .id({ description: 'The user. Default: the caller. Only operators may name another user.' })
      .validate(validation.idOf('User').nullish()),
    botCheckToken: t.string({
      validate: validation.botCheckToken.nullish(),
      description: 'The token of the CAPTCHA provider, where the server asks for one.',
    }),
  }),
})

const leaveQueueInput = builder.inputType('LeaveQueueInput', {
  description: 'The ticket to give up.',
  fields: (t) => ({
    token: t.string({
      required: true,
      validate: validation.ticketToken,
      description: 'The queue token of the ticket.',
    }),
  }),
})

const ticketField = (description: string) => (t: TicketFieldBuilder) => ({
  ticket: t.field({ type: queueTicket, description, resolve: (ticket) => ticket }),
})
type TicketFieldBuilder = PothosSchemaTypes.ObjectFieldBuilder<
  typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never,
  TicketWithStatus
>

const issueQueueTokenPayload = builder.objectRef<TicketWithStatus>('IssueQueueTokenPayload').implement({
  description: 'The user has a place in the queue.',
  fields: ticketField('The ticket of the user.'),
})

const leaveQueuePayload = builder.objectRef<TicketWithStatus>('LeaveQueuePayload').implement({
  description: 'The ticket was given up.',
  fields: ticketField('The ticket, which has ended.'),
})

const token = {
  validate: validation.ticketToken.nullish(),
  description: 'The queue token of the ticket. Default: the one sent as `X-Queue-Token`.',
}

builder.queryField('queueTicket', (t) =>
  t.field({
    type: queueTicket,
    nullable: true,
    description:
      'The ticket of a queue token with its present status, for clients that cannot subscribe. The query counts as presence.',
    args: { token: t.arg.string(token) },
    resolve: resolvers.queueTicket,
  }),
)

builder.mutationFields((t) => ({
  issueQueueToken: t.field({
    type: issueQueueTokenPayload,
    description:
      'Joins the queue of a concert. A user has one place: joining again, from any device, gives the same ticket; once it has ended, a new one at the end of the queue.',
    errors: {
      types: [SalesClosed],
      union: { name: 'IssueQueueTokenResult', description: 'The ticket, or why there is none.' },
    },
    args: {
      input: t.arg({ type: issueQueueTokenInput, required: true, description: 'The queue to join.' }),
    },
    resolve: resolvers.issueQueueToken,
  }),
  leaveQueue: t.field({
    type: leaveQueuePayload,
    description: 'Gives up a ticket, and the seats that are held with it. This cannot be undone.',
    args: { input: t.arg({ type: leaveQueueInput, required: true, description: 'The ticket to give up.' }) },
    resolve: resolvers.leaveQueue,
  }),
}))

builder.subscriptionField('queueTicketChanges', (t) =>
  t.field({
    type: queueTicket,
    description:
      'The ticket of a queue token: with its present status first, then whenever that changes. The stream ends after Finished or Lapsed. The subscription counts as presence: see `Waiting`.',
    args: { token: t.arg.string(token) },
    subscribe: resolvers.queueTicketChanges,
    resolve: (status, args, context) => {
      invalidate(context)
      return resolvers.changedTicket(status, args, context)
    },
  }),
)
