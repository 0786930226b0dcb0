/** Relay: documents compiled by relay-compiler against the published schema, and the store of relay-runtime. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getOperationAST, print, type DocumentNode } from 'graphql'
import { createClient } from 'graphql-ws'
import {
  commitMutation,
  ConnectionHandler,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
  type ConcreteRequest,
  type GraphQLResponse,
} from 'relay-runtime'
import { afterAll, beforeAll, test } from 'vitest'
import { WebSocket } from 'ws'
import { startServer, type TestServer } from '../support/server.ts'
import * as documents from './documents.ts'
import { buySeats, type CachingClient, type Connection } from './purchase.ts'
import { schemaFile } from './schema.ts'

let server: TestServer
let operations: Map<string, ConcreteRequest>
beforeAll(async () => {
  server = await startServer()
  operations = compile(Object.values(documents))
})
afterAll(() => server.stop())

const nameOf = (document: DocumentNode): string => getOperationAST(document)?.name?.value ?? ''

/** The text that Relay's compiler takes: one definition for each fragment, and Relay's directives. */
function forRelay(document: DocumentNode): string {
  return print(document)
    .replace(/\.\.\.Buyer_\w+/g, '$& @relay(mask: false)')
    .replace('reservations(first: 10)', '$& @connection(key: "Buyer_reservations")')
    .replace('BuyerHoldMutation(', '$&$connections: [ID!]!, ')
    .replace(
      /(HoldSeatsPayload \{\s*reservation)/,
      '$1 @appendNode(connections: $connections, edgeTypeName: "ReservationEdge")',
    )
}

/** @returns the compiled operations by their names */
function compile(all: readonly DocumentNode[]): Map<string, ConcreteRequest> {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-relay-'))
  try {
    mkdirSync(join(directory, 'artifacts'))
    cpSync(schemaFile, join(directory, 'schema.graphql'))
    const definitions = new Set(
      all.map(forRelay).flatMap((text) => text.split(/\n\n(?=fragment|query|mutation|subscription)/)),
    )
    const tags = [...definitions].map((definition) => `graphql\`${definition}\``)
    writeFileSync(join(directory, 'Buyer.js'), tags.join('\n'))
    const config = {
      src: '.',
      schema: 'schema.graphql',
      language: 'javascript',
      eagerEsModules: false,
      artifactDirectory: 'artifacts',
      customScalarTypes: { DateTime: 'string', Points: 'number' },
    }
    writeFileSync(join(directory, 'relay.config.json'), JSON.stringify(config))
    const load = createRequire(import.meta.url)
    execFileSync(load('relay-compiler') as string, ['relay.config.json'], {
      cwd: directory,
      stdio: 'inherit',
    })
    return new Map(
      all.map(nameOf).map((name) => {
        return [name, load(join(directory, 'artifacts', `${name}.graphql.js`)) as ConcreteRequest]
      }),
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function connect({ url, headers }: Connection): CachingClient {
  const socket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: headers,
  })
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(
      async ({ text }, variables) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers() },
          body: JSON.stringify({ query: text, variables }),
        })
        return (await response.json()) as GraphQLResponse
      },
      ({ text }, variables) =>
        Observable.create((sink) =>
          socket.subscribe(
            { query: text ?? '', variables },
            {
              next: (result) => sink.next(result as GraphQLResponse),
              error: (error) => sink.error(error as Error),
              complete: () => sink.complete(),
            },
          ),
        ),
    ),
  })
  const operation = (document: DocumentNode): ConcreteRequest => {
    const compiled = operations.get(nameOf(document))
    if (!compiled) throw new Error(`${nameOf(document)} is not compiled`)
    return compiled
  }
  const connections = [ConnectionHandler.getConnectionID('client:root', 'Buyer_reservations')]
  return {
    query: async (document, variables) => {
      const query = operation(document)
      // As long as a page shows it.
      environment.retain(createOperationDescriptor(query, variables))
      return (await fetchQuery(environment, query, variables).toPromise()) as never
    },
    mutate: (document, variables) =>
      new Promise((resolve, reject) => {
        commitMutation(environment, {
          mutation: operation(document),
          variables: { ...variables, connections },
          onCompleted: (data) => resolve(data as never),
          onError: reject,
        })
      }),
    subscribe: (document, variables) =>
      new Promise((resolve, reject) => {
        requestSubscription(environment, {
          subscription: operation(document),
          variables,
          onCompleted: resolve,
          onError: reject,
        })
      }),
    read: (document, variables) => {
      const { fragment } = createOperationDescriptor(operation(document), variables)
      return environment.lookup(fragment).data as never
    },
    stop: () => Promise.resolve(socket.dispose()),
  }
}

test('the store says what the server says after a purchase', () => buySeats(server, connect))
