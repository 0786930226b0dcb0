/** All keys and channels; queue/lua/lib/keys.lua derives the keys of a concert's queue from its root. */
export interface Keys {
  /** The root of one concert's keys. Its hash tag keeps them on one shard of a cluster. */
  concert(concertId: string): string
  /** The active queues, which ticks run over. */
  active: string
  /** The stream of events for other services. */
  events: string
  /** The statistics of a concert in the last half hour, and a key that exists while the latest sample is recent. */
  history(concertId: string): string
  sampled(concertId: string): string
  queueChannel(concertId: string): string
  seatsChannel(performanceId: string): string
  /** The state of a rate limit. */
  rate(limit: string, subject: string): string
  /** Written to check whether Redis accepts writes. */
  probe: string
  /** The subscriber connection of one server subscribes to it, which shows which Redis it is connected to. */
  connectionChannel(instance: string): string
}

/** @param prefix separates deployments that share a Redis; channels have it too, because pub/sub ignores database numbers */
export const createKeys = (prefix = 'stagedoor'): Keys => ({
  concert: (concertId) => `${prefix}:{${concertId}}`,
  active: `${prefix}:active`,
  events: `${prefix}:events`,
  history: (concertId) => `${prefix}:{${concertId}}:stats`,
  sampled: (concertId) => `${prefix}:{${concertId}}:sampled`,
  queueChannel: (concertId) => `${prefix}:{${concertId}}:deltas`,
  seatsChannel: (performanceId) => `${prefix}:seats:${performanceId}`,
  rate: (limit, subject) => `${prefix}:rate:${limit}:${subject}`,
  probe: `${prefix}:probe`,
  connectionChannel: (instance) => `${prefix}:connection:${instance}`,
})
