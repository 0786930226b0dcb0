/** The cluster of a fault run: real servers and stores, and a network between them that can fail. */

/** Seeded random numbers. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** An integer, both ends included. */
  int(min: number, max: number): number
  pick<T>(items: readonly T[]): T
  /** An independent generator, which the name determines. */
  fork(name: string): Random
}

/** How a link treats what passes through; by default, as a network without faults. */
export interface Behaviour {
  /** Every chunk is late by this and by up to `jitterMs` more, in order. */
  delayMs: number
  jitterMs: number
  /** For each connection and direction; 0: no limit. */
  bytesPerSecond: number
  /** Nothing passes until this ends, and nothing is lost. */
  stall: boolean
  /** Half-open: data is lost and connections stay. One that lost data stays dead afterwards. */
  drop: boolean
  /** No new connections: ECONNREFUSED. */
  refuse: boolean
  /** The probability that a connection is cut at the first byte of a reply. */
  cutReplies: number
}

/** A TCP proxy that listens on `port`. */
export interface Link {
  name: string
  port: number
  /** Replaces the behaviour, of open connections too. */
  set(behaviour: Partial<Behaviour>): Promise<void>
  /** Ends the fault. Connections that were cut or half-open stay so. */
  restore(): Promise<void>
  /** Resets every open connection now. @returns how many there were */
  cut(): number
  /** How many connections are open. */
  connections(): number
  /** Sends new connections to this port; open ones stay, as behind an address that moves. */
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
  /** Whether there is a process, also one that is stopped by SIGSTOP. */
  readonly running: boolean
  /** Whether it was asked to stop. */
  readonly stopping: boolean
  readonly pid: number
  /** Kept over restarts. */
  logFile: string
  kill(signal: NodeJS.Signals): void
  /** Starts it unless it runs, and waits until it listens, which does not need the stores. */
  start(options?: StartOptions): Promise<void>
  /** Sends SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** Resolves when a killed process has ended. */
  ended(): Promise<void>
}

export interface StartOptions {
  /** For libfaketime: `+1h`. */
  clockOffset?: string
  env?: Record<string, string>
}

/** A store of the cluster. Its address stays the same over restarts. */
export interface Service {
  readonly pid: number
  readonly running: boolean
  /** Signals the process; SIGSTOP and SIGCONT go to all of its processes. */
  kill: (signal: NodeJS.Signals) => void
  /** Starts it unless it runs, with its data, and waits until it responds. */
  start(): Promise<void>
  /** Resolves when a killed store has ended. */
  ended(): Promise<void>
}

/** A store that replicates the first, and can become the primary. */
export interface Standby {
  port: number
  /**
   * Makes the standby the primary and the primary its standby, losing nothing.
   * @param onPromoted is called as soon as the standby takes writes
   */
  switchOver(onPromoted: () => void): Promise<void>
  /** Restores the original roles, losing nothing; does nothing if they were not switched. */
  switchBack(onPromoted: () => void): Promise<void>
  /** Stops it and removes its data. */
  close(): Promise<void>
}

export interface PostgresService extends Service {
  /** Starts a hot standby that streams from it. */
  startStandby(): Promise<Standby>
}

export interface RedisService extends Service {
  /** Starts a replica of it, in sync. */
  startStandby(): Promise<Standby>
  /** Starts it without data. It must have ended. */
  startEmpty(): Promise<void>
  /** Copies its append-only file. */
  saveCopy(): void
  /** Starts it from the copy. It must have ended. */
  startFromCopy(): Promise<void>
}

export interface FaultCluster {
  servers: Server[]
  /** The settings of every server: secrets, times, prefix. */
  env: Record<string, string>
  /** The stores without a link. */
  databaseUrl: string
  redisUrl: string
  redisPrefix: string
  /** One for each server, in the same order. */
  links: { client: Link[]; database: Link[]; redis: Link[] }
  postgres: PostgresService
  redis: RedisService
  /** Stops and removes everything except the servers' logs. */
  close(): Promise<void>
}

export interface FaultClusterOptions {
  /** For data and logs; created if missing. */
  directory: string
  servers: number
  seed: number
  /** Settings besides the cluster's own. */
  env?: Record<string, string>
  /** The directory with `src/`, `drizzle/` and `package.json`: a copy with a planted bug, say. */
  root?: string

  onProgress?: (line: string) => void
}

export interface Fault {
  name: string
  /** Faults with the same target do not run at the same time. */
  target: 'servers' | 'postgres' | 'redis' | 'clients' | 'network'
  /** Why this machine cannot have it; undefined: it can. */
  unsupported?(): string | undefined
  /** Injects the fault, waits, and repairs it in every case. An abort only shortens it, and does not reject. */
  run(cluster: FaultCluster, random: Random, signal: AbortSignal): Promise<void>
}
