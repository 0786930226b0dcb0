/** A server over stub resolvers, put together from the functions of app.ts, with every path that an operation can take. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ExecutionResult, GraphQLSchema } from 'graphql'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { createDocumentCache } from '../../src/graphql/document-cache.ts'
import { formatError } from '../../src/graphql/mask-errors.ts'
import { createPersistedDocuments } from '../../src/graphql/persisted-documents.ts'
import { isStream } from '../../src/graphql/result-stream.ts'
import { createOperations } from '../../src/graphql/run-operation.ts'
import { createSubscribe } from '../../src/graphql/subscriptions.ts'
import { createFastPath } from '../../src/http/fast-path.ts'
import { createRouter } from '../../src/http/router.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { createYogaHandler } from '../../src/http/yoga.ts'
import type { Services } from '../../src/resolvers/context.ts'
import { serveWebSockets } from '../../src/websocket/server.ts'
import { openSocket } from '../support/socket.ts'
import { secret } from '../support/server.ts'
import type { GeneratedDocument } from './generate-documents.ts'
import type { Effects } from './stub-resolvers.ts'

/** Sends an operation, and returns its result as it is sent. */
export type Send = (operation: GeneratedDocument) => Promise<ExecutionResult>

/** The id of every request. */
export const REQUEST_ID = 'id'

const json = { 'content-type': 'application/json', 'x-request-id': REQUEST_ID }

/** @returns `effects` of the operation that was run last; `paths` by name */
export async function startStubServer(schema: GraphQLSchema) {
  const effects: Effects = { effects: [] }
  const auth = createAuth({ kind: 'secret', secret })
  const services = {
    auth,
    newLoaders: () => ({}),
    newId: () => REQUEST_ID,
    ...effects,
  } as unknown as Services
  const documents = createDocumentCache(schema, { introspection: true })
  const metrics = {
    record: () => undefined,
    subscriptionStarted: () => undefined,
    subscriptionEnded: () => undefined,
  }
  const onBug = () => REQUEST_ID
  const operations = createOperations({
    schema,
    services,
    documents,
    persisted: createPersistedDocuments(),
    subscribe: createSubscribe({ documents, perUserMax: 10, metrics, onBug }),
    metrics,
    onBug,
  })
  const yoga = createYogaHandler({ operations, services, graphiql: false, onBug, trustedProxies: 0 })
  const handleGraphQL = createFastPath({ operations, yoga, trustedProxies: 0, allowedOrigins: null })
  const server = createHttpServer(65_000)
  server.on('request', createRouter({ endpoints: new Map(), pages: undefined, handleGraphQL, onBug }))
  serveWebSockets({
    server,
    schema,
    operations,
    auth,
    onBug,
    limits: { max: 10, perAddressMax: 10, perUserMax: 10, messagesPerMinute: Infinity },
    graceMs: 60_000,
    trustedProxies: 0,
    allowedOrigins: null,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
  const socket = await openSocket(url, { init: json })

  const post = (accept: string, search = '') => {
    const send = (operation: GeneratedDocument): Promise<Response> =>
      fetch(url + search, { method: 'POST', headers: { ...json, accept }, body: JSON.stringify(operation) })
    return send
  }
  const jsonOf = async (response: Promise<Response>) => (await (await response).json()) as ExecutionResult

  const paths: Record<string, Send> = {
    'run-operation': async ({ query, variables, operationName }) => {
      const credentials = {
        authorization: undefined,
        queueToken: undefined,
        address: '127.0.0.1',
        requestId: REQUEST_ID,
        traceparent: undefined,
      }
      const result = await operations.run({ query, variables, operationName }, { credentials })
      if (!isStream(result)) return asSent(result)
      const first = await result.next()
      await result.return?.()
      return asSent(first.value ?? {})
    },
    'fast path': (operation) => jsonOf(post('application/json')(operation)),
    Yoga: (operation) => jsonOf(post('application/json', '?')(operation)),
    'application/graphql-response+json': (operation) =>
      jsonOf(post('application/graphql-response+json')(operation)),
    GET: ({ query, variables, operationName }) => {
      const search = new URLSearchParams({ query, variables: JSON.stringify(variables) })
      if (operationName !== undefined) search.set('operationName', operationName)
      return jsonOf(fetch(`${url}?${search.toString()}`, { headers: json }))
    },
    'server-sent events': async (operation) => {
      const response = await post('text/event-stream')(operation)
      const [, data = ''] = /^data: ([^\n]+)/m.exec(await response.text()) ?? []
      return JSON.parse(data) as ExecutionResult
    },
    WebSocket: async (operation) => {
      socket.send({ type: 'subscribe', id: 'one', payload: operation })
      const { type, payload } = await socket.next()
      if (type === 'error') return { errors: payload } as ExecutionResult
      await socket.next() // complete
      return payload as ExecutionResult
    },
  }
  return {
    paths,
    documents,
    effects,
    stop: async () => {
      socket.drop()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const asSent = ({ errors, data }: ExecutionResult): ExecutionResult =>
  JSON.parse(
    JSON.stringify({
      ...(errors && { errors: errors.map(formatError) }),
      ...(data !== undefined && { data }),
    }),
  ) as ExecutionResult
