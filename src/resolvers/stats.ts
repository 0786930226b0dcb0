import type { Context } from './context.ts'
import { endingsPerSecond, forecast, type ConcertFigures, type QueueForecast } from '../domain/stats.ts'
import { Problem } from '../domain/problem.ts'
import type { Concert } from '../domain/catalog.ts'
import { requireOperator } from './authorization.ts'

interface OfConcert {
  concertId: string
}

/** @throws Problem UNAUTHENTICATED, FORBIDDEN, NOT_FOUND */
async function operatorsConcert({ concertId }: OfConcert, context: Context): Promise<Concert> {
  requireOperator(context)
  const found = await context.loaders.concerts.load(concertId)
  if (!found) throw new Problem('NOT_FOUND', 'There is no such concert.')
  return found
}

export async function concertFigures(_: unknown, of: OfConcert, context: Context): Promise<ConcertFigures> {
  const { id } = await operatorsConcert(of, context)
  return context.figures.read(id)
}

export async function figureChanges(
  _: unknown,
  of: OfConcert,
  context: Context,
): Promise<AsyncIterable<ConcertFigures>> {
  const { id } = await operatorsConcert(of, context)
  return context.figures.watch(id)
}

export async function concertHistory(_: unknown, of: OfConcert, context: Context): Promise<ConcertFigures[]> {
  const { id } = await operatorsConcert(of, context)
  return context.figures.history(id)
}

export async function queueForecast(
  _: unknown,
  asked: OfConcert & {
    capacity?: number | null | undefined
    ratePerSecond?: number | null | undefined
    paused?: boolean | null | undefined
  },
  context: Context,
): Promise<QueueForecast> {
  const { id, queueSettings } = await operatorsConcert(asked, context)
  const [now, history] = await Promise.all([context.queue.figures(id), context.figures.history(id)])
  return forecast(now, endingsPerSecond(history, now), {
    capacity: asked.capacity ?? queueSettings.capacity,
    ratePerSecond: asked.ratePerSecond === undefined ? queueSettings.ratePerSecond : asked.ratePerSecond,
    paused: asked.paused ?? queueSettings.paused,
  })
}
