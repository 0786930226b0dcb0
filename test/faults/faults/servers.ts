import { clocksCannotBeFaked } from '../world/clock.ts'
import type { Fault, Random, Server, StartOptions, World } from '../world/types.ts'
import { about, insist, lasting } from './lasting.ts'

/** One server, now and then all of them. */
const victims = (servers: readonly Server[], random: Random): readonly Server[] =>
  random.next() < 0.2 ? servers : [random.pick(servers)]

const killed: Fault = {
  name: 'server killed',
  target: 'servers',
  run: async ({ servers }, random, signal) => {
    const chosen = victims(servers, random)
    chosen.forEach((server) => server.kill('SIGKILL'))
    await lasting(about(1_500, random), signal)
    await Promise.all(chosen.map((server) => insist(() => server.start())))
  },
}

const frozen = (name: string, msOf: (world: World, random: Random) => number): Fault => ({
  name,
  target: 'servers',
  run: async (world, random, signal) => {
    const server = random.pick(world.servers)
    server.kill('SIGSTOP')
    await lasting(msOf(world, random), signal)
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
      await insist(() => server.start())
      await lasting(about(500, random), signal)
    }
  },
}

const clocks: Fault = {
  name: 'clocks an hour apart',
  target: 'servers',
  impossible: () => clocksCannotBeFaked(() => undefined),
  run: async ({ servers }, random, signal) => {
    const early = random.int(0, servers.length - 1)
    const chosen = servers.filter((_, index) => index === early || index === (early + 1) % servers.length)
    const restart = (server: Server, options?: StartOptions): Promise<void> =>
      server.stop().then(() => insist(() => server.start(options)))
    try {
      await Promise.all(
        chosen.map((server, index) => restart(server, { clockOffset: index === 0 ? '-30m' : '+30m' })),
      )
      await lasting(about(8_000, random), signal)
    } finally {
      await Promise.all(chosen.map((server) => restart(server)))
    }
  },
}

/** The settings of the servers that are being replaced: longer, so that what the others promise still holds. */
export const OTHER_SETTINGS = { ABSENCE_GRACE_SECONDS: '15', CLAIM_SECONDS: '5', ADMISSION_SECONDS: '14' }

/** Some servers run with other settings than the rest, as in the middle of a rollout. */
export const rollout: Fault = {
  name: 'rollout with other settings',
  target: 'servers',
  run: async ({ servers }, random, signal) => {
    const kept = random.int(0, servers.length - 1)
    const chosen = servers.filter((_, index) => index !== kept)
    const restart = (server: Server, options?: StartOptions): Promise<void> =>
      server.stop().then(() => insist(() => server.start(options)))
    try {
      for (const server of chosen) await restart(server, { env: OTHER_SETTINGS })
      await lasting(about(10_000, random), signal)
    } finally {
      for (const server of chosen) await restart(server)
    }
  },
}

/** What happens to server processes. */
export const serverFaults: readonly Fault[] = [
  killed,
  frozen('server frozen', (_, random) => about(1_000, random)),
  frozen('server frozen past a hold', ({ env }) => (Number(env.HOLD_SECONDS) + 2) * 1_000),
  rollingRestart,
  clocks,
  rollout,
]
