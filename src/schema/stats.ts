import type { ConcertStats, QueueForecast } from '../domain/stats.ts'
import * as resolvers from '../resolvers/stats.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { limitListValues } from './list-values.ts'
import { queueSettings } from './queue.ts'

const concertStats = builder.objectRef<ConcertStats>('ConcertStats').implement({
  description:
    'Statistics of a concert at one moment. Always issued = waiting + admitted + finished + lapsed, and oversold = 0.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'The moment of the statistics.' }),
    issued: t.exposeInt('issued', { description: 'Queue tickets issued since Redis was last empty.' }),
    waiting: t.exposeInt('waiting', {
      description: 'Tickets that wait, including skipped ones that may return to their place.',
    }),
    admitted: t.exposeInt('admitted', { description: 'Tickets that are admitted now.' }),
    finished: t.exposeInt('finished', { description: 'Tickets that a payment has spent.' }),
    lapsed: t.exposeInt('lapsed', { description: 'Tickets that ended without a purchase.' }),
    admissionsPerSecond: t.exposeFloat('admissionsPerSecond', {
      description: 'The average of the last minute.',
    }),
    sold: t.exposeInt('sold', { description: 'Seats that are paid for, on all dates together.' }),
    held: t.exposeInt('held', { description: 'Seats that are held.' }),
    free: t.exposeInt('free', { description: 'Seats that are available.' }),
    oversold: t.exposeInt('oversold', { description: 'Seats that two users have. Not 0: a bug.' }),
    revenue: t.expose('revenue', { type: 'Points', description: 'The points paid for the sold seats.' }),
    settings: t.expose('settings', {
      type: queueSettings,
      nullable: true,
      description: 'The settings of the queue; null: not known.',
    }),
  }),
})

const queueForecast = builder.objectRef<QueueForecast>('QueueForecast').implement({
  description:
    'The effect of queue settings, if every waiting user stays and turns last as long as in the last minute.',
  fields: (t) => ({
    waiting: t.exposeInt('waiting', { description: 'How many users wait now.' }),
    admissionsPerSecond: t.exposeFloat('admissionsPerSecond', {
      nullable: true,
      description: 'The admission rate; null: unknown, because no turn has ended lately and no limit is set.',
    }),
    seconds: t.exposeInt('seconds', {
      nullable: true,
      description: 'Until the last waiting user is admitted; null: never with these settings, or unknown.',
    }),
  }),
})

const concertId = { required: true, description: 'The id of the concert.' } as const

builder.queryFields((t) => ({
  concertStats: t.field({
    type: concertStats,
    description: 'Operators: the present statistics of a concert.',
    args: { concertId: t.arg.id(concertId).validate(validation.idOf('Concert')) },
    resolve: resolvers.concertStats,
  }),
  concertHistory: t.field({
    type: [concertStats],
    description:
      'Operators: the statistics of the last half hour, one sample for every five seconds in which the queue was used.',
    complexity: { field: 1, multiplier: 100 },
    args: { concertId: t.arg.id(concertId).validate(validation.idOf('Concert')) },
    resolve: limitListValues(resolvers.concertHistory),
  }),
  queueForecast: t.field({
    type: queueForecast,
    description:
      'Operators: the effect of queue settings, before they are changed. What is left out is taken from the present settings.',
    args: {
      concertId: t.arg.id(concertId).validate(validation.idOf('Concert')),
      capacity: t.arg.int({
        validate: validation.queueCapacity.nullish(),
        description: 'How many users can be admitted at the same time.',
      }),
      ratePerSecond: t.arg.float({
        validate: validation.queueRate.nullish(),
        description: 'Admissions per second at the most; null: no limit.',
      }),
      paused: t.arg.boolean({ description: 'True: nobody is admitted.' }),
    },
    resolve: resolvers.queueForecast,
  }),
}))

builder.subscriptionField('concertStatsChanges', (t) =>
  t.field({
    type: concertStats,
    description:
      'Operators: the present statistics of a concert first, then when they change, at most once a second.',
    args: { concertId: t.arg.id(concertId).validate(validation.idOf('Concert')) },
    subscribe: resolvers.concertStatsChanges,
    resolve: (stats) => stats,
  }),
)
