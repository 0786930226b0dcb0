import * as resolvers from '../resolvers/buyers.ts'
import type { Buyer } from '../resolvers/buyers.ts'
import type { TicketWithStatus } from '../resolvers/queue-tickets.ts'
import { userOf } from '../resolvers/users.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { concert } from './concerts.ts'
import { connection, connectionComplexity } from './pagination.ts'
import { queueStatus } from './queue-tickets.ts'
import { reservation, reservationConnection } from './reservations.ts'
import { user } from './users.ts'

const buyerTicket = builder.objectRef<TicketWithStatus>('BuyerTicket').implement({
  description: 'A buyer’s queue ticket for operators: without its token.',
  fields: (t) => ({
    concert: t.field({
      type: concert,
      description: 'The concert.',
      resolve: ({ concertId }) => ({ id: concertId }),
    }),
    number: t.exposeFloat('number', {
      description: 'Its number in the queue, in the order of request. A whole number.',
    }),
    status: t.field({
      type: queueStatus,
      description: 'The present status. The query does not count as presence.',
      resolve: ({ status }) => status,
    }),
  }),
})

const buyer = builder.objectRef<Buyer>('Buyer').implement({
  description: 'A buyer, as operators see one.',
  fields: (t) => ({
    user: t.field({ type: user, description: 'The user, with their points.', resolve: userOf }),
    tickets: t.field({
      type: [buyerTicket],
      description: 'The live queue tickets, and those spent by a payment, for the newest 100 concerts.',
      resolve: resolvers.ticketsOf,
    }),
    reservations: t.connection(
      {
        type: reservation,
        description: 'The reservations, the oldest first.',
        complexity: connectionComplexity,
        resolve: (of, args, context) =>
          connection('Reservation', args, (page) => resolvers.reservationsOf(of, page, context)),
      },
      reservationConnection,
    ),
  }),
})

builder.queryFields((t) => ({
  buyer: t.field({
    type: buyer,
    description: 'Operators: the tickets, reservations, payments and points of a buyer. Takes one argument.',
    args: {
      userId: t.arg.id({ description: 'The id of the user.' }).validate(validation.idOf('User').nullish()),
      reservationId: t.arg
        .id({ description: 'The id of a reservation of the buyer.' })
        .validate(validation.idOf('Reservation').nullish()),
    },
    resolve: resolvers.buyer,
  }),
  buyersByBookingCode: t.field({
    type: [buyer],
    description:
      'Operators: the buyers with a reservation of this booking code. Rarely more than one, because the code is short.',
    complexity: { field: 1, multiplier: 10 },
    args: {
      bookingCode: t.arg
        .string({ required: true, description: 'As printed on the ticket, with or without the space.' })
        .validate(validation.bookingCode),
    },
    resolve: resolvers.buyersByBookingCode,
  }),
}))
