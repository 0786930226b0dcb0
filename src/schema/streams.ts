/** How many subscriptions somebody may have on this server at the same time, over whichever transport. */
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../context.ts'
import { Problem } from '../domain/problem.ts'
import { viewerIfAny } from '../resolvers/access.ts'
import { presentable } from './errors.ts'

/** @param perUserMax for each user; who has not signed in is counted with the others of that address, 100 as one */
export function streamLimit(perUserMax: number): Plugin {
  const open = new Map<string, number>()
  const countOf = (who: string): number => open.get(who) ?? 0

  return {
    onSubscribe: ({ args }) => {
      const contextValue = args.contextValue as unknown as Context
      const userId = viewerIfAny(contextValue)?.userId
      const who = userId ?? contextValue.address
      const max = userId === undefined ? perUserMax * 100 : perUserMax
      return {
        onSubscribeResult: ({ result, setResult }) => {
          if (!isStream(result)) return
          if (countOf(who) >= max) {
            void result.return?.()
            setResult({ errors: [presentable(tooMany(), () => undefined)] } as never)
            return
          }
          open.set(who, countOf(who) + 1)
          const close = (): void => {
            if (countOf(who) > 1) open.set(who, countOf(who) - 1)
            else open.delete(who)
          }
          setResult(ending(result, close) as never)
        },
      }
    },
  }
}

const tooMany = (): Problem =>
  new Problem('RATE_LIMITED', 'You have too many subscriptions. End some of them first.', {
    retryAfterSeconds: 10,
  })

type Stream = AsyncIterableIterator<unknown>

const isStream = (result: object): result is Stream => Symbol.asyncIterator in result

/** The same stream, which says once that it is over, however it ends. */
function ending(stream: Stream, onEnd: () => void): Stream {
  let over = false
  const end = (): void => {
    if (!over) onEnd()
    over = true
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: async () => {
      try {
        const result = await stream.next()
        if (result.done) end()
        return result
      } catch (error) {
        end()
        throw error
      }
    },
    return: async () => {
      end()
      return (await stream.return?.()) ?? { done: true, value: undefined }
    },
  }
}
