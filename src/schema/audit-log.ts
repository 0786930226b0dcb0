import { changesOf, type AuditLogChange, type AuditLogEntry } from '../domain/audit-log.ts'
import { auditLog } from '../resolvers/audit-log.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { concert } from './concerts.ts'
import { globalId } from './ids.ts'
import { connection, connectionComplexity, newestFirst } from './pagination.ts'

const auditLogChange = builder.objectRef<AuditLogChange>('AuditLogChange').implement({
  description: 'A value that was changed.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the value.' }),
    before: t.exposeString('before', {
      nullable: true,
      description: 'The value before; null: there was none, or no limit.',
    }),
    after: t.exposeString('after', {
      nullable: true,
      description: 'The value after; null: there is none, or no limit.',
    }),
  }),
})

const auditLogAction = builder.enumType('AuditLogAction', {
  description: 'What an operator did.',
  values: {
    CREATE_CONCERT: { value: 'createConcert', description: 'Added a concert.' },
    UPDATE_QUEUE: { value: 'updateQueue', description: 'Changed the settings of a queue.' },
    CHARGE_POINTS: { value: 'chargePoints', description: 'Added points to a user’s balance.' },
  } as const,
})

const auditLogEntry = builder.objectRef<AuditLogEntry>('AuditLogEntry').implement({
  description: 'A change by an operator. It is written in the transaction of the change, and never altered.',
  fields: (t) => ({
    id: t.id({ description: 'The id of the entry.', resolve: ({ id }) => globalId('AuditLogEntry', id) }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was made.' }),
    operatorId: t.id({
      description: 'The id of the operator.',
      resolve: ({ operatorId }) => globalId('User', operatorId),
    }),
    action: t.expose('action', { type: auditLogAction, description: 'What the operator did.' }),
    concert: t.field({
      type: concert,
      nullable: true,
      description: 'The concert that was changed; null: none.',
      resolve: ({ concertId }) => (concertId === null ? null : { id: concertId }),
    }),
    userId: t.id({
      nullable: true,
      description: 'The id of the user whose balance was changed; null: none.',
      resolve: ({ userId }) => (userId === null ? null : globalId('User', userId)),
    }),
    changes: t.field({
      type: [auditLogChange],
      description: 'The changed values.',
      complexity: { field: 1, multiplier: 4 },
      resolve: (entry) => changesOf(entry),
    }),
  }),
})

const auditLogConnection = builder.connectionObject({
  type: auditLogEntry,
  name: 'AuditLogConnection',
  description: 'A page of the audit log.',
})

builder.queryField('auditLog', (t) =>
  t.connection(
    {
      type: auditLogEntry,
      description: 'Operators: the changes by operators, the newest first.',
      complexity: connectionComplexity,
      args: {
        concertId: t.arg
          .id({ description: 'Only changes of this concert. Default: all.' })
          .validate(validation.idOf('Concert').nullish()),
      },
      resolve: (_, args, context) =>
        connection('AuditLogEntry', args, (page) => auditLog(args.concertId, newestFirst(page), context)),
    },
    auditLogConnection,
  ),
)
