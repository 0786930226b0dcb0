import { clockOffsetUnsupported } from '../cluster/clock.ts'
import type { Fault, Random, Server, StartOptions, FaultCluster } from '../cluster/types.ts'
import { jittered, retry, delay } from './timing.ts'

/** One server, or now and then all. */
const pickServers = (servers: readonly Server[], random: Random): readonly Server[] =>
  random.next() < 0.2 ? servers : [random.pick(servers)]

const killed: Fault = {
  name: 'server killed',
  target: 'servers',
  run: async ({ servers }, random, signal) => {
    const chosen = pickServers(servers, random)
    chosen.forEach((server) => server.kill('SIGKILL'))
    await delay(jittered(1_500, random), signal)
    await Promise.all(chosen.map((server) => retry(() => server.start())))
  },
}

const frozen = (name: string, msOf: (cluster: FaultCluster, random: Random) => number): Fault => ({
  name,
  target: 'servers',
  run: async (cluster, random, signal) => {
    const server = random.pick(cluster.servers)
    server.kill('SIGSTOP')
    await delay(msOf(cluster, random), signal)
    server.kill('SIGCONT')
  },
})

const rollingRestart: Fault = {
  name: 'rolling restart',
  target: 'servers',
  run: async ({ servers }, random, signal) => {
    for (const server of servers) {
      if (signal.aborted) return
      await server.stop()
      await retry(() => server.start())
      await delay(jittered(500, random), signal)
    }
  },
}

const clocks: Fault = {
  name: 'clocks an hour apart',
  target: 'servers',
  unsupported: () => clockOffsetUnsupported(() => undefined),
  run: async ({ servers }, random, signal) => {
    const early = random.int(0, servers.length - 1)
    const chosen = servers.filter((_, index) => index === early || index === (early + 1) % servers.length)
    const restart = (server: Server, options?: StartOptions): Promise<void> =>
      server.stop().then(() => retry(() => server.start(options)))
    try {
      await Promise.all(
        chosen.map((server, index) => restart(server, { clockOffset: index === 0 ? '-30m' : '+30m' })),
      )
      await delay(jittered(8_000, random), signal)
    } finally {
      await Promise.all(chosen.map((server) => restart(server)))
    }
  },
}

/** Longer times than those of the other servers, whose promises still hold. */
export const OTHER_SETTINGS = { ABSENCE_GRACE_SECONDS: '15', CLAIM_SECONDS: '5', ADMISSION_SECONDS: '14' }

/** Some servers have other settings than the rest, as during a rollout. */
export const rollout: Fault = {
  name: 'rollout with other settings',
  target: 'servers',
  run: async ({ servers }, random, signal) => {
    const kept = random.int(0, servers.length - 1)
    const chosen = servers.filter((_, index) => index !== kept)
    const restart = (server: Server, options?: StartOptions): Promise<void> =>
      server.stop().then(() => retry(() => server.start(options)))
    try {
      for (const server of chosen) await restart(server, { env: OTHER_SETTINGS })
      await delay(jittered(10_000, random), signal)
    } finally {
      for (const server of chosen) await restart(server)
    }
  },
}

export const serverFaults: readonly Fault[] = [
  killed,
  frozen('server frozen', (_, random) => jittered(1_000, random)),
  frozen('server frozen past a hold', ({ env }) => (Number(env.HOLD_SECONDS) + 2) * 1_000),
  rollingRestart,
  clocks,
  rollout,
]
