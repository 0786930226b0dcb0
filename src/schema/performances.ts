import * as resolvers from '../resolvers/performances.ts'
import type { PerformanceRef } from '../resolvers/performances.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { concert } from './concerts.ts'
import { limitListValues } from './list-values.ts'

export const performance = builder.objectRef<PerformanceRef>('Performance')
builder.node(performance, {
  description: 'A date of a concert.',
  id: { resolve: ({ id }) => id },
  // Public, as through its concert.
  loadWithoutCache: (id, { loaders }) => loaders.performances.load(id),
  fields: (t) => ({
    concert: t.field({
      type: concert,
      description: 'The concert.',
      resolve: ({ concertId }) => ({ id: concertId }),
    }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'When it starts.' }),
    seatCount: t.exposeInt('seatCount', { description: 'The number of seats. They are numbered from 1.' }),
    seatPrice: t.expose('seatPrice', { type: 'Points', description: 'The price of each seat.' }),
    availableSeatCount: t.int({
      description:
        'The number of available seats; 0: sold out, or all remaining seats are held. Public: exact for operators and with an admitted ticket, otherwise up to about a second old.',
      resolve: resolvers.availableSeatCount,
    }),
  }),
})

builder.objectField(concert, 'performances', (t) =>
  t.field({
    type: [performance],
    description: 'All its dates, the earliest first. Public, except for their seats.',
    complexity: { field: 1, multiplier: 10 },
    resolve: limitListValues(resolvers.performancesOf),
  }),
)

builder.queryFields((t) => ({
  performances: t.field({
    type: [performance],
    nullable: true,
    description:
      'The dates of a concert that can be booked, the earliest first. Needs an admitted ticket for the concert, except for operators: null with an error without one.',
    complexity: { field: 1, multiplier: 10 },
    args: {
      concertId: t.arg
        .id({ required: true, description: 'The id of the concert.' })
        .validate(validation.idOf('Concert')),
      bookableOnly: t.arg.boolean({
        defaultValue: true,
        description: 'True: only dates in the future with an available seat. False: all dates.',
      }),
    },
    resolve: limitListValues(resolvers.performances),
  }),
  performance: t.field({
    type: performance,
    nullable: true,
    description:
      'The date with this id. Needs an admitted ticket for its concert, except for operators: null with an error without one.',
    args: {
      id: t.arg
        .id({ required: true, description: 'The id of the performance.' })
        .validate(validation.idOf('Performance')),
    },
    resolve: resolvers.performance,
  }),
}))
