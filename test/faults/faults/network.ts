import type { Behaviour, Fault, Link, Random, World } from '../world/types.ts'
import { about, lasting } from './lasting.ts'

type Kind = keyof World['links']

const NAMES: Record<Kind, string> = { client: 'clients', database: 'PostgreSQL', redis: 'Redis' }

/** Some of the links of a kind: at least one, often all of them. */
const some = (links: readonly Link[], random: Random): Link[] => {
  const all = random.next() < 0.5
  const one = random.pick(links)
  return links.filter((link) => all || link === one)
}

const bad = (
  kind: Kind,
  what: string,
  ms: number,
  behaviourOf: (random: Random) => Partial<Behaviour>,
): Fault => ({
  name: `link to ${NAMES[kind]} ${what}`,
  target: kind === 'client' ? 'clients' : 'network',
  run: async ({ links }, random, signal) => {
    const chosen = some(links[kind], random)
    const behaviour = behaviourOf(random)
    try {
      await Promise.all(chosen.map((link) => link.set(behaviour)))
      await lasting(about(ms, random), signal)
    } finally {
      await Promise.all(chosen.map((link) => link.mend()))
    }
  },
})

const faultsOf = (kind: Kind): Fault[] => [
  bad(kind, 'delayed', 5_000, (random) => ({ delayMs: random.int(20, 400), jitterMs: random.int(0, 300) })),
  bad(kind, 'throttled', 5_000, (random) => ({ bytesPerSecond: random.int(2_000, 20_000) })),
  bad(kind, 'stalled', 4_000, () => ({ stall: true })),
  bad(kind, 'half-open', 3_000, () => ({ drop: true })),
  bad(kind, 'refusing', 2_000, () => ({ refuse: true })),
  bad(kind, 'cutting replies', 4_000, (random) => ({ cutReplies: random.pick([0.05, 0.2, 0.5]) })),
]

const allDropped: Fault = {
  name: 'all sockets dropped',
  target: 'clients',
  run: async ({ links }) => {
    links.client.forEach((link) => link.cut())
    await Promise.resolve()
  },
}

/** What happens between the processes. "Cutting replies" is the reply that is lost after the commit. */
export const networkFaults: readonly Fault[] = [
  allDropped,
  ...faultsOf('client'),
  ...faultsOf('database'),
  ...faultsOf('redis'),
]
