/** Mercurius with its JIT, on the same schema, resolvers, services and context as ours. */
import fastify from 'fastify'
import mercurius from 'mercurius'
import { pino } from 'pino'
import { createServices } from '../../src/services.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/resolvers/context.ts'
import { createSchema } from '../../src/schema/index.ts'
import { credentialsFromRequest } from '../../src/http/operation-client.ts'

const config = readConfig(process.env)
const { services } = createServices(config, pino({ level: 'warn' }))
const server = fastify({ logger: false })
await server.register(mercurius, {
  schema: createSchema({ signUp: true }),
  context: (request) => createContext(services, credentialsFromRequest(request.raw, 0)) as never,
  jit: 1,
  persistedQueryProvider: mercurius.persistedQueryDefaults.automatic(),
})
await server.listen({ port: config.port, host: '127.0.0.1' })
