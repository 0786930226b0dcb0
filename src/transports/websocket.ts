/** GraphQL over WebSocket: the graphql-transport-ws protocol, through the same pipeline as HTTP. */
import type { Server } from 'node:http'
import type {
  DocumentNode,
  ExecutionArgs,
  FormattedExecutionResult,
  GraphQLError,
  GraphQLFormattedError,
  GraphQLSchema,
} from 'graphql'
import type { ExecutionResult, ServerOptions } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import type { Credentials } from '../context.ts'
import { presentable } from '../schema/errors.ts'
import { BODY_BYTES_MAX } from './http.ts'
import type { Yoga } from './yoga.ts'

/** RFC 6455's registry of close codes: the server restarts, connect again. */
const SERVICE_RESTART = 1012

export interface SocketServer {
  /** Closes every socket with 1012, spread over `overMs` so that not all come back in the same moment. */
  close(overMs: number): Promise<void>
}

/** The pipeline for one operation, as Yoga hands it out. */
interface Envelope {
  schema: GraphQLSchema
  parse: (source: string) => DocumentNode
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[]
  contextFactory: () => Promise<unknown>
  execute: ServerOptions['execute'] & {}
  subscribe: ServerOptions['subscribe'] & {}
}

/** graphql-ws asks for execute and subscribe once for all: those of one operation travel in its arguments. */
type Operation = ExecutionArgs & { rootValue: Pick<Envelope, 'execute' | 'subscribe'> }

/** Serves WebSockets on /graphql of an HTTP server. */
export function serveWebSockets(server: Server, yoga: Yoga): SocketServer {
  const sockets = new WebSocketServer({ server, path: '/graphql', maxPayload: BODY_BYTES_MAX })

  useServer<Record<string, unknown>>(
    {
      connectionInitWaitTimeout: 3_000,
      execute: (args) => (args as Operation).rootValue.execute(args),
      subscribe: (args) => (args as Operation).rootValue.subscribe(args),
      onSubscribe: async (socket, _, { query, operationName, variables, extensions }) => {
        const credentials = credentialsOf({ ...socket.connectionParams, ...headersIn(extensions) })
        const enveloped = yoga.getEnveloped({ credentials }) as Envelope
        // Thrown, these would close the socket and everything else that it carries.
        try {
          const document = enveloped.parse(query)
          const errors = enveloped.validate(enveloped.schema, document)
          if (errors.length > 0) return errors.map((error) => presentable(error, () => undefined))
          return {
            schema: enveloped.schema,
            document,
            operationName,
            variableValues: variables,
            contextValue: await enveloped.contextFactory(),
            rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe },
          }
        } catch (error) {
          return [presentable(error, () => undefined)]
        }
      },
      onError: (_, __, ___, errors) =>
        errors.map((error) => withoutStatus(presentable(error, () => undefined))),
      onNext: (_, __, ___, ____, result) => withoutStatuses(result),
    },
    sockets,
    12_000,
  )
  // ws closes a socket by itself, with the code that fits. graphql-ws would print a stack for every message
  // that is too long.
  sockets.on('connection', (socket) => socket.removeAllListeners('error').on('error', () => undefined))

  return {
    close: async (overMs) => {
      const open = [...sockets.clients]
      const pause = open.length > 0 ? overMs / open.length : 0
      for (const [index, socket] of open.entries()) {
        setTimeout(() => socket.close(SERVICE_RESTART, 'The server restarts: connect again'), index * pause)
      }
      await Promise.all(open.map((socket) => new Promise((closed) => socket.once('close', closed))))
      sockets.close()
    },
  }
}

/** An error as HTTP sends it too: `http` is for the status line. */
function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const extensions = { ...error.extensions }
  delete extensions.http
  return { ...error.toJSON(), extensions }
}

/** What graphql-ws sends instead of the result; undefined: there is nothing to take out. */
function withoutStatuses({ errors, data }: ExecutionResult): FormattedExecutionResult | undefined {
  return errors && { errors: errors.map(withoutStatus), ...(data === undefined ? {} : { data }) }
}

/** GraphiQL keeps one socket for all of its tabs, and sends each tab's headers with the operation. */
function headersIn(extensions: Record<string, unknown> | null | undefined): object {
  const headers = extensions?.headers
  return typeof headers === 'object' && headers !== null ? headers : {}
}

/** The same two names as the HTTP headers, in any case. */
function credentialsOf(params: object): Credentials {
  const byName = new Map(
    Object.entries(params).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]),
  )
  const textOf = (name: string): string | undefined => {
    const value = byName.get(name)
    return typeof value === 'string' ? value : undefined
  }
  return { authorization: textOf('authorization'), queueToken: textOf('x-queue-token') }
}
