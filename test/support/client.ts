/** A GraphQL client as users have it: HTTP, graphql-ws and server-sent events, over real connections. */
import { createClient as createSseClient } from 'graphql-sse'
import { createClient as createWsClient } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface Credentials {
  accessToken?: string | undefined
  queueToken?: string | undefined
}

export interface GraphQLResponse<Data> {
  status: number
  data: Data
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string } }[]
}

export interface Client {
  /** Sends one operation over HTTP. */
  send<Data = Record<string, never>>(
    query: string,
    variables?: object,
    credentials?: Credentials,
  ): Promise<GraphQLResponse<Data>>
  /** The same, for an operation that has to work: its data. */
  request<Data>(query: string, variables?: object, credentials?: Credentials): Promise<Data>
  /** Subscribes; messages queue up, so none is missed. */
  subscribe<Data>(
    transport: 'ws' | 'sse',
    query: string,
    variables?: object,
    credentials?: Credentials,
  ): Subscription<Data>
}

export interface Subscription<Data> {
  /** The next message; null when the server has completed the stream. Throws when it ended with an error. */
  next(): Promise<Data | null>
  /** Reads on until a message is what `wanted` says; null if the stream ends before. */
  until(wanted: (data: Data) => boolean): Promise<Data | null>
  stop(): Promise<void>
}

const headersOf = ({ accessToken, queueToken }: Credentials): Record<string, string> => ({
  ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
  ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
})

/**
 * @param url of the GraphQL endpoint
 * @param own credentials that every operation shows, unless it brings others
 */
export function createClient(url: string, own: Credentials = {}): Client {
  const send: Client['send'] = async (query, variables = {}, credentials = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headersOf({ ...own, ...credentials }) },
      body: JSON.stringify({ query, variables }),
    })
    return { status: response.status, ...((await response.json()) as object) } as never
  }
  return {
    send,
    request: async (query, variables, credentials) => {
      const answer = await send(query, variables, credentials)
      if (answer.errors) throw new Error(`${answer.errors[0]?.message}\n${JSON.stringify(answer.errors)}`)
      return answer.data as never
    },
    subscribe: <Data>(
      transport: 'ws' | 'sse',
      query: string,
      variables: object = {},
      credentials: Credentials = {},
    ) => {
      const headers = headersOf({ ...own, ...credentials })
      const client =
        transport === 'ws'
          ? createWsClient({
              url: url.replace('http', 'ws'),
              webSocketImpl: WebSocket,
              connectionParams: headers,
              retryAttempts: 0,
            })
          : createSseClient({ url, headers, retryAttempts: 0 })
      const messages = client.iterate({ query, variables: variables as Record<string, unknown> })
      const next = async (): Promise<Data | null> => {
        const message = (await messages.next()) as IteratorResult<{ data: unknown; errors?: unknown }, void>
        if (message.done === true) return null
        if (message.value.errors) throw new Error(JSON.stringify(message.value.errors))
        return message.value.data as Data
      }
      return {
        next,
        until: async (wanted: (data: Data) => boolean): Promise<Data | null> => {
          for (;;) {
            const data = await next()
            if (data === null || wanted(data)) return data
          }
        },
        stop: async () => {
          await messages.return?.()
          await client.dispose()
        },
      }
    },
  }
}
