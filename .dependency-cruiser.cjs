/** Who may import whom. docs/architecture.md tells the reasons. */
const room = (name) => `^src/${name}/`
const only = (name, packages, allowedFrom, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: allowedFrom },
  to: { path: packages.map((p) => `^node_modules/${p}(/|$)`) },
})
const upwards = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to },
})

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    upwards(
      'domain-imports-nothing',
      room('domain'),
      ['^src/(?!domain/)', '^node_modules/'],
      'domain is plain types and pure decisions',
    ),
    upwards('db-below-queue-beside', room('db'), '^src/(?!db/|domain/)', 'db knows domain only'),
    upwards('queue-below-db-beside', room('queue'), '^src/(?!queue/|domain/)', 'queue knows domain only'),
    upwards(
      'jobs-join-db-and-queue',
      room('jobs'),
      '^src/(?!jobs/|db/|queue/|domain/)',
      'jobs know db, queue and domain',
    ),
    upwards(
      'resolvers-below-schema',
      room('resolvers'),
      '^src/(schema/|jobs/|app|main)',
      'resolvers never look up',
    ),
    upwards(
      'schema-imports-resolvers',
      room('schema'),
      '^src/(db/|queue/|jobs/|app|main)',
      'schema reaches the stores through resolvers',
    ),
    only(
      'graphql-stays-in-schema',
      ['graphql', '@pothos', '@escape\\.tech'],
      ['^src/schema/', '^src/app\\.ts$', '^src/transports/'],
      'a resolver is a plain function',
    ),
    upwards(
      'telemetry-only-reads',
      room('telemetry'),
      '^src/(?!telemetry/|db/|queue/|domain/|schema/meter\\.ts$)',
      'telemetry reads what others have counted, and nothing but app.ts knows of it',
    ),
    upwards(
      'telemetry-is-not-asked',
      '^src/(?!telemetry/|app\\.ts$)',
      room('telemetry'),
      'whoever counts does not know who reads',
    ),
    only(
      'prometheus-stays-in-telemetry',
      ['prom-client'],
      ['^src/telemetry/', '^src/app\\.ts$'],
      'one place',
    ),
    only('opentelemetry-stays-in-telemetry', ['@opentelemetry'], [room('telemetry')], 'one place'),
    only('postgres-stays-in-db', ['drizzle-orm', 'postgres'], [room('db')], 'db holds the only SQL'),
    only(
      'redis-stays-in-queue',
      ['ioredis', 'graphql-redis-subscriptions'],
      [room('queue')],
      'queue holds the only Redis',
    ),
    {
      name: 'only-app-and-main-above',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|app)\\.ts$' },
      to: { path: '^src/(main|app)\\.ts$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
}
