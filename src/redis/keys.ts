/** Every key and channel that is made in TypeScript; lua/lib/keys.lua makes the rest from a concert's root. */
export interface Keys {
  /** The root of one concert's keys. Its hash tag keeps them on one shard of a cluster. */
  concert(concertId: string): string
  /** The queues that ticks look after. */
  active: string
  /** The stream of events for other services. */
  events: string
  /** The last half hour of a concert's figures, and whether the latest were taken just now. */
  history(concertId: string): string
  sampled(concertId: string): string
  queueChannel(concertId: string): string
  seatsChannel(performanceId: string): string
  /** How much of something somebody had lately. */
  rate(what: string, who: string): string
  /** Written to find out whether Redis takes writes. */
  probe: string
  /** What the subscriber of one instance listens to, so that it can be found. */
  connectionChannel(instance: string): string
}

/** @param prefix keeps users of one Redis apart; channels carry it too, because pub/sub crosses databases */
export const createKeys = (prefix = 'stagedoor'): Keys => ({
  concert: (concertId) => `${prefix}:{${concertId}}`,
  active: `${prefix}:active`,
  events: `${prefix}:events`,
  history: (concertId) => `${prefix}:{${concertId}}:stats`,
  sampled: (concertId) => `${prefix}:{${concertId}}:sampled`,
  queueChannel: (concertId) => `${prefix}:{${concertId}}:deltas`,
  seatsChannel: (performanceId) => `${prefix}:seats:${performanceId}`,
  rate: (what, who) => `${prefix}:rate:${what}:${who}`,
  probe: `${prefix}:probe`,
  connectionChannel: (instance) => `${prefix}:connection:${instance}`,
})
