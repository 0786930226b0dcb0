import { changesOf, type AuditLogEntry, type AuditLogChange } from '../domain/audit-log.ts'
import { concertOf } from '../resolvers/catalog.ts'
import * as resolvers from '../resolvers/operators.ts'
import type { Buyer, BuyerTicket } from '../resolvers/operators.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { concert } from './catalog.ts'
import { globalId } from './ids.ts'
import { connection, newestFirst, connectionComplexity } from './pagination.ts'
import { queueStatus } from './queue.ts'
import { reservation } from './reservations.ts'
import { user } from './users.ts'

const buyerTicket = builder.objectRef<BuyerTicket>('BuyerTicket').implement({
  description: 'Somebody’s queue ticket, as an operator sees it.',
  fields: (t) => ({
    concertId: t.id({
      description: 'The concert whose line it is.',
      resolve: ({ concertId }) => globalId('Concert', concertId),
    }),
    concert: t.field({ type: concert, description: 'The same.', resolve: concertOf }),
    number: t.exposeFloat('number', {
      description: 'Its number: the order in which tickets were asked for.',
    }),
    status: t.field({
      type: queueStatus,
      description: 'How it stands. That an operator asks does not count as being there.',
      resolve: ({ status }) => status,
    }),
  }),
})

const buyer = builder.objectRef<Buyer>('Buyer').implement({
  description: 'Somebody who buys, as an operator sees them.',
  fields: (t) => ({
    user: t.field({ type: user, description: 'Who they are, and their points.', resolve: resolvers.userOf }),
    tickets: t.field({
      type: [buyerTicket],
      description: 'Their live tickets, and those that a payment has spent, of the newest 100 concerts.',
      resolve: resolvers.ticketsOf,
    }),
    reservations: t.connection({
      type: reservation,
      description: 'Their reservations, with their payments, the oldest first.',
      complexity: connectionComplexity,
      resolve: (of, args, context) =>
        connection('Reservation', args, (page) => resolvers.reservationsOf(of, page, context)),
    }),
  }),
})

const operatorChange = builder.objectRef<AuditLogChange>('OperatorChange').implement({
  description: 'A value that an operator has changed.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    before: t.exposeString('before', {
      nullable: true,
      description: 'What it was; null: nothing, or no limit.',
    }),
    after: t.exposeString('after', {
      nullable: true,
      description: 'What it has been since; null: nothing, or no limit.',
    }),
  }),
})

const operatorActionName = builder.enumType('OperatorActionName', {
  description: 'What an operator did.',
  values: {
    CREATE_CONCERT: { value: 'createConcert', description: 'Added a concert.' },
    UPDATE_QUEUE: { value: 'updateQueue', description: 'Changed how people are let in.' },
    CHARGE_POINTS: { value: 'chargePoints', description: 'Added points to somebody’s balance.' },
  } as const,
})

const operatorAction = builder.objectRef<AuditLogEntry>('OperatorAction').implement({
  description: 'Something that an operator changed. It is written down with the change, and never altered.',
  fields: (t) => ({
    id: t.id({ description: 'Its own.', resolve: ({ id }) => globalId('OperatorAction', id) }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    operatorId: t.id({ description: 'Who.', resolve: ({ operatorId }) => globalId('User', operatorId) }),
    action: t.expose('action', { type: operatorActionName, description: 'What they did.' }),
    concert: t.field({
      type: concert,
      nullable: true,
      description: 'The concert that it was about, if any.',
      resolve: resolvers.concertOrNull,
    }),
    userId: t.id({
      nullable: true,
      description: 'The user whom it was about, if any.',
      resolve: ({ userId }) => (userId === null ? null : globalId('User', userId)),
    }),
    changes: t.field({
      type: [operatorChange],
      description: 'What has been different since.',
      complexity: { field: 1, multiplier: 4 },
      resolve: (action) => changesOf(action),
    }),
  }),
})

builder.queryFields((t) => ({
  buyer: t.field({
    type: buyer,
    description:
      'Operators: what somebody has: tickets, reservations, payments and points. Name them, or a reservation of theirs.',
    args: {
      userId: t.arg.id({ description: 'Who.' }).validate(validation.idOf('User').nullish()),
      reservationId: t.arg
        .id({ description: 'Whose reservation it is.' })
        .validate(validation.idOf('Reservation').nullish()),
    },
    resolve: resolvers.buyer,
  }),
  buyersByBookingCode: t.field({
    type: [buyer],
    description:
      'Operators: whose ticket has this booking code. Empty: nobody’s. More than one is rare, as the code is short.',
    complexity: { field: 1, multiplier: 10 },
    args: {
      bookingCode: t.arg
        .string({ required: true, description: 'As it is printed on the ticket, with or without the space.' })
        .validate(validation.bookingCode),
    },
    resolve: resolvers.buyersByBookingCode,
  }),
  operatorActions: t.connection({
    type: operatorAction,
    description: 'Operators: who changed what, the newest first.',
    complexity: connectionComplexity,
    args: {
      concertId: t.arg
        .id({ description: 'Only what was about this concert.' })
        .validate(validation.idOf('Concert').nullish()),
    },
    resolve: (_, args, context) =>
      connection('OperatorAction', args, (page) =>
        resolvers.operatorActions(args.concertId, newestFirst(page), context),
      ),
  }),
}))
