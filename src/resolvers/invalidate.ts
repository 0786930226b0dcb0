import type { Context } from './context.ts'

/**
 * Lets the rest of an operation load everything anew: after a change, whether or not it succeeded (a store that did not answer in
 * time may have made it), and with each event of a subscription.
 */
export function invalidate(context: Context): void {
  context.loaders = context.newLoaders()
}

/** Resolves the root field of a subscription with the event itself. */
export function resolveEvent<Event>(event: Event, _: unknown, context: Context): Event {
  invalidate(context)
  return event
}
