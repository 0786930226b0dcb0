import type { ConcertStats, QueueForecast } from '../domain/stats.ts'
import * as resolvers from '../resolvers/stats.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { limitListValues } from './list-values.ts'
import { queueSettings } from './queue.ts'

const concertFigures = builder.objectRef<ConcertStats>('ConcertFigures').implement({
  description:
    'How a concert is doing. At any moment issued = waiting + admitted + finished + lapsed, and oversold is 0.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'The moment that this is about.' }),
    issued: t.exposeInt('issued', { description: 'Queue tickets given out since Redis was last empty.' }),
    waiting: t.exposeInt('waiting', {
      description: 'Tickets that wait, also those that were skipped and may return to their place.',
    }),
    admitted: t.exposeInt('admitted', { description: 'Tickets that are let in at the moment.' }),
    finished: t.exposeInt('finished', { description: 'Tickets that a payment has spent.' }),
    lapsed: t.exposeInt('lapsed', { description: 'Tickets that ended without a purchase.' }),
    admissionsPerSecond: t.exposeFloat('admissionsPerSecond', {
      description: 'By the admissions of the last minute.',
    }),
    sold: t.exposeInt('sold', { description: 'Seats that are paid for, on all its dates.' }),
    held: t.exposeInt('held', { description: 'Seats that somebody holds.' }),
    free: t.exposeInt('free', { description: 'Seats that can be had.' }),
    oversold: t.exposeInt('oversold', { description: 'Seats that two people have, which must be 0.' }),
    pointsTaken: t.expose('pointsTaken', {
      type: 'Points',
      description: 'What was paid for the seats sold.',
    }),
    settings: t.expose('settings', {
      type: queueSettings,
      nullable: true,
      description: 'How people were let in; null in a history that an older server has written.',
    }),
  }),
})

const queueForecast = builder.objectRef<QueueForecast>('QueueForecast').implement({
  description:
    'What settings of a line would do, if all who wait stay and buy as fast as in the last minute.',
  fields: (t) => ({
    waiting: t.exposeInt('waiting', { description: 'How many wait now.' }),
    admissionsPerSecond: t.exposeFloat('admissionsPerSecond', {
      nullable: true,
      description: 'How many would be let in per second; null when there is nothing to go by, and no limit.',
    }),
    seconds: t.exposeInt('seconds', {
      nullable: true,
      description:
        'Until the last of them is let in; null: never with these settings, or there is nothing to go by.',
    }),
  }),
})

const concertId = { required: true, description: 'The concert.' } as const

builder.queryFields((t) => ({
  concertFigures: t.field({
    type: concertFigures,
    description: 'Operators: how a concert is doing.',
    args: { concertId: t.arg.id(concertId).validate(validation.idOf('Concert')) },
    resolve: resolvers.concertFigures,
  }),
  concertHistory: t.field({
    type: [concertFigures],
    description:
      'Operators: how it was doing in the last half hour, every five seconds while its line was in use.',
    complexity: { field: 1, multiplier: 100 },
    args: { concertId: t.arg.id(concertId).validate(validation.idOf('Concert')) },
    resolve: limitListValues(resolvers.concertHistory),
  }),
  queueForecast: t.field({
    type: queueForecast,
    description:
      'Operators: what settings would do, before they are changed. What is left out is as it is now.',
    args: {
      concertId: t.arg.id(concertId).validate(validation.idOf('Concert')),
      capacity: t.arg.int({
        validate: validation.queueCapacity.nullish(),
        description: 'How many may be in at the same time.',
      }),
      ratePerSecond: t.arg.float({
        validate: validation.queueRate.nullish(),
        description: 'How many are let in per second at the most; null for no limit.',
      }),
      paused: t.arg.boolean({ description: 'Whether admission is stopped.' }),
    },
    resolve: resolvers.queueForecast,
  }),
}))

builder.subscriptionFields((t) => ({
  figureChanges: t.field({
    type: concertFigures,
    description: 'Operators: how a concert is doing, now and when that changes, at most once a second.',
    args: { concertId: t.arg.id(concertId).validate(validation.idOf('Concert')) },
    subscribe: resolvers.figureChanges,
    resolve: (figures) => figures,
  }),
}))
