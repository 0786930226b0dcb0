import type { Context } from './context.ts'
import { departuresPerSecond, forecast, type ConcertStats, type QueueForecast } from '../domain/stats.ts'
import { Problem } from '../domain/problem.ts'
import type { Concert } from '../domain/catalog.ts'
import { requireOperator } from './authorization.ts'

interface ConcertArgs {
  concertId: string
}

/** @throws Problem UNAUTHENTICATED, FORBIDDEN, NOT_FOUND */
async function requireConcert({ concertId }: ConcertArgs, context: Context): Promise<Concert> {
  requireOperator(context)
  const found = await context.loaders.concerts.load(concertId)
  if (!found) throw new Problem('NOT_FOUND', 'There is no such concert.')
  return found
}

export async function concertStats(_: unknown, args: ConcertArgs, context: Context): Promise<ConcertStats> {
  const { id } = await requireConcert(args, context)
  return context.stats.read(id)
}

export async function concertStatsChanges(
  _: unknown,
  args: ConcertArgs,
  context: Context,
): Promise<AsyncIterable<ConcertStats>> {
  const { id } = await requireConcert(args, context)
  return context.stats.subscribe(id)
}

export async function concertHistory(
  _: unknown,
  args: ConcertArgs,
  context: Context,
): Promise<ConcertStats[]> {
  const { id } = await requireConcert(args, context)
  return context.stats.history(id)
}

export async function queueForecast(
  _: unknown,
  args: ConcertArgs & {
    capacity?: number | null | undefined
    ratePerSecond?: number | null | undefined
    paused?: boolean | null | undefined
  },
  context: Context,
): Promise<QueueForecast> {
  const { id, queueSettings } = await requireConcert(args, context)
  const [now, history] = await Promise.all([context.queue.stats(id), context.stats.history(id)])
  return forecast(now, departuresPerSecond(history, now), {
    capacity: args.capacity ?? queueSettings.capacity,
    ratePerSecond: args.ratePerSecond === undefined ? queueSettings.ratePerSecond : args.ratePerSecond,
    paused: args.paused ?? queueSettings.paused,
  })
}
