/** A stream's answers on their way to the socket, without the promises and copies that graphql-ws makes for each. */
import type { ExecutionResult } from 'graphql'
import type { WebSocket } from 'ws'
import type { Stream } from '../graphql/subscriptions.ts'
import { sendTo } from './attach-connection.ts'

/**
 * Sends the stream as the `next` messages of an operation, each when the one before is on its way: who reads slowly is
 * told the newest state. https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#next
 * @returns a stream without any values, which completes or fails with the other one, and stops it
 */
export function sendStream(
  stream: Stream,
  socket: WebSocket,
  id: string,
  payloadOf: (result: ExecutionResult) => object,
): AsyncIterableIterator<never, undefined> {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`
  const run = (): Promise<IteratorReturnResult<undefined>> =>
    new Promise((resolve, reject) => {
      const fail: (error: unknown) => void = reject
      const take = (taken: IteratorResult<ExecutionResult, undefined>): void => {
        try {
          if (taken.done === true) resolve(taken)
          else sendTo(socket, `${head}${JSON.stringify(payloadOf(taken.value))}}`, read)
        } catch (error) {
          fail(error)
        }
      }
      const read = (): void => {
        stream.next().then(take, fail)
      }
      read()
    })
  return {
    next: run,
    return: async () => {
      await stream.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
