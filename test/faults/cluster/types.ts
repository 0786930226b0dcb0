/** What the fault runs stand on: real servers and stores, and a network between them that can be made bad. */

/** Seeded chance: the same seed gives the same choices. */
export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number
  /** A whole number, both ends included. */
  int(min: number, max: number): number
  pick<T>(items: readonly T[]): T
  /** An independent one of that name: using it changes nothing about the choices of this one. */
  fork(name: string): Random
}

/** How a link treats what passes through. Everything left out is as on a good network. */
export interface Behaviour {
  /** Every chunk arrives later by this, and by up to `jitterMs` more; the order stays. */
  delayMs: number
  jitterMs: number
  /** Of each connection and direction; 0: no limit. */
  bytesPerSecond: number
  /** Nothing passes, and nothing is lost: all of it arrives when this is over. */
  stall: boolean
  /** Data vanishes and the connection stays. One that lost data so stays dead when this is over: half-open. */
  drop: boolean
  /** No new connections: ECONNREFUSED. */
  refuse: boolean
  /** How likely a request is let through and its connection cut when the first byte of the reply arrives. */
  cutReplies: number
}

/** A TCP proxy. `from` connects to `port`, and gets through to the other side. */
export interface Link {
  name: string
  port: number
  /** Replaces the behaviour; takes effect at once, on open connections too. */
  set(behaviour: Partial<Behaviour>): Promise<void>
  /** A good network again. What was cut or half-open stays so. */
  restore(): Promise<void>
  /** Resets every open connection now. @returns how many there were */
  cut(): number
  /** How many connections are open. */
  connections(): number
  /** New connections go to this port from now on; open ones stay where they are, as behind an address that moves. */
  setTarget(port: number): void
  close(): Promise<void>
}

/** A server process. */
export interface Server {
  index: number
  /** The GraphQL endpoint, through its client link. */
  url: string
  /** The GraphQL endpoint itself. */
  directUrl: string
  /** Is there a process? It may be stopped by SIGSTOP all the same. */
  readonly running: boolean
  /** Has it been told to stop? */
  readonly stopping: boolean
  readonly pid: number
  /** Where its log goes; it is kept over restarts. */
  logFile: string
  kill(signal: NodeJS.Signals): void
  /** Starts it and waits until it listens: the stores may be away. Nothing if it runs. */
  start(options?: StartOptions): Promise<void>
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** Waits for the end of a process that was killed. */
  ended(): Promise<void>
}

export interface StartOptions {
  /** As libfaketime has it: `+1h`. */
  clockOffset?: string
  env?: Record<string, string>
}

/** A store of the cluster's own. Its address stays the same over restarts. */
export interface Service {
  readonly pid: number
  readonly running: boolean
  /** To the process, or for SIGSTOP and SIGCONT to all of its processes. */
  kill: (signal: NodeJS.Signals) => void
  /** Starts it where it was, with its data, and waits until it answers. Nothing if it runs. */
  start(): Promise<void>
  /** Waits for the end of what was killed. */
  ended(): Promise<void>
}

/** A second store that replicates the first, and takes over from it. */
export interface Standby {
  port: number
  /**
   * Makes the standby the primary and the primary its standby, losing nothing.
   * @param onPromoted is called as soon as the standby takes writes
   */
  switchOver(onPromoted: () => void): Promise<void>
  /** Back to how it was, losing nothing; what has not been done need not be undone. */
  switchBack(onPromoted: () => void): Promise<void>
  /** Ends it and removes its data. */
  close(): Promise<void>
}

export interface PostgresService extends Service {
  /** Starts a hot standby that streams from it. */
  startStandby(): Promise<Standby>
}

export interface RedisService extends Service {
  /** Starts a replica of it, in sync. */
  startStandby(): Promise<Standby>
  /** Starts it with nothing. It must have ended. */
  startEmpty(): Promise<void>
  /** Copies its append-only file as it is now. */
  saveCopy(): void
  /** Starts it from the copy. It must have ended. */
  startFromCopy(): Promise<void>
}

export interface FaultCluster {
  servers: Server[]
  /** What every server is started with: secrets, times, prefix. For minting tokens. */
  env: Record<string, string>
  /** Straight to the stores, past all links: for the checker. */
  databaseUrl: string
  redisUrl: string
  redisPrefix: string
  /** One for each server, in the same order. `client`: what comes in; the others: what it reaches out to. */
  links: { client: Link[]; database: Link[]; redis: Link[] }
  postgres: PostgresService
  redis: RedisService
  /** Ends and removes everything, but for the servers' logs. */
  close(): Promise<void>
}

export interface FaultClusterOptions {
  /** For data and logs; made if it is not there. */
  directory: string
  servers: number
  seed: number
  /** On top of the cluster's own. */
  env?: Record<string, string>
  /** Where `src/`, `drizzle/` and `package.json` are; a copy with a planted bug, for example. */
  root?: string
  /** Hears what takes its time. */
  onProgress?: (line: string) => void
}

/** Something that goes wrong. */
export interface Fault {
  name: string
  /** What it is done to. Two at the same time should not have the same target. */
  target: 'servers' | 'postgres' | 'redis' | 'clients' | 'network'
  /** Why it cannot be done on this machine; undefined: it can. */
  unsupported?(): string | undefined
  /**
   * Brings it about, lets it last, and mends it. It is mended in every case: an abort only shortens it, and
   * does not reject.
   */
  run(cluster: FaultCluster, random: Random, signal: AbortSignal): Promise<void>
}
