/** Which layer may import which; each layer's README says what belongs in it. */
const layer = (name) => `^src/${name}/`

/** Everything that a layer may import of src, beside its own files. */
const LAYERS = {
  domain: [],
  db: ['domain'],
  redis: ['domain'],
  queue: ['redis', 'domain'],
  seats: ['redis', 'domain'],
  auth: ['domain'],
  resolvers: ['db', 'queue', 'seats', 'redis', 'auth', 'domain'],
  schema: ['resolvers', 'domain'],
  graphql: ['schema', 'resolvers', 'auth', 'domain'],
  http: ['graphql', 'schema', 'resolvers', 'auth', 'domain'],
  websocket: ['http', 'graphql', 'schema', 'resolvers', 'auth', 'domain'],
  jobs: ['db', 'queue', 'redis', 'domain'],
  telemetry: ['graphql', 'db', 'queue', 'redis', 'domain'],
}

const layerRules = Object.entries(LAYERS).map(([name, below]) => ({
  name: `${name}-imports-downwards`,
  comment: `src/${name} may import ${below.join(', ') || 'nothing of src'}`,
  severity: 'error',
  from: { path: layer(name) },
  to: { path: '^src/', pathNot: [name, ...below].map(layer) },
}))

const packageRule = (name, packages, layers) => ({
  name,
  comment: `only ${layers.join(', ')} may import ${packages.join(', ')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: layers.map(layer) },
  to: { path: packages.map((p) => `^node_modules/${p}(/|$)`) },
})

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...layerRules,
    {
      name: 'domain-imports-no-package',
      comment: 'domain is plain types and pure decisions',
      severity: 'error',
      from: { path: layer('domain') },
      to: { path: '^node_modules/' },
    },
    packageRule('graphql', ['graphql', '@pothos', 'graphql-jit'], ['schema', 'graphql', 'http', 'websocket']),
    packageRule('postgres', ['drizzle-orm', 'postgres'], ['db']),
    packageRule('redis', ['ioredis', 'graphql-redis-subscriptions'], ['redis']),
    packageRule('prometheus', ['prom-client'], ['telemetry']),
    packageRule('opentelemetry', ['@opentelemetry'], ['telemetry']),
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
