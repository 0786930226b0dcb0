/** Sends the results of a stream, without the promises and copies that graphql-ws makes for each of them. */
import type { ExecutionResult } from 'graphql'
import type { WebSocket } from 'ws'
import type { Stream } from '../graphql/result-stream.ts'
import { sendTo } from './send.ts'

/**
 * Sends each result as a `next` message when the one before has been sent: a slow client gets the newest state.
 * https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#next
 * @returns a stream without values, which completes or fails with the other one, and ends it
 */
export function sendStream(
  stream: Stream,
  socket: WebSocket,
  id: string,
  toPayload: (result: ExecutionResult) => object,
): AsyncIterableIterator<never, undefined> {
  const prefix = `{"id":${JSON.stringify(id)},"type":"next","payload":`
  const sendAll = (): Promise<IteratorReturnResult<undefined>> =>
    new Promise((resolve, reject) => {
      const fail: (error: unknown) => void = reject
      const send = (next: IteratorResult<ExecutionResult, undefined>): void => {
        try {
          if (next.done === true) resolve(next)
          else sendTo(socket, `${prefix}${JSON.stringify(toPayload(next.value))}}`, readNext)
        } catch (error) {
          fail(error)
        }
      }
      const readNext = (): void => {
        stream.next().then(send, fail)
      }
      readNext()
    })
  return {
    next: sendAll,
    return: async () => {
      await stream.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
