import type { Behaviour, Fault, Link, Random, FaultCluster } from '../cluster/types.ts'
import { jittered, delay } from './timing.ts'

type Kind = keyof FaultCluster['links']

const NAMES: Record<Kind, string> = { client: 'clients', database: 'PostgreSQL', redis: 'Redis' }

/** One of the links, or all. */
const pickLinks = (links: readonly Link[], random: Random): Link[] => {
  const all = random.next() < 0.5
  const one = random.pick(links)
  return links.filter((link) => all || link === one)
}

const linkFault = (
  kind: Kind,
  what: string,
  ms: number,
  behaviourOf: (random: Random) => Partial<Behaviour>,
): Fault => ({
  name: `link to ${NAMES[kind]} ${what}`,
  target: kind === 'client' ? 'clients' : 'network',
  run: async ({ links }, random, signal) => {
    const chosen = pickLinks(links[kind], random)
    const behaviour = behaviourOf(random)
    try {
      await Promise.all(chosen.map((link) => link.set(behaviour)))
      await delay(jittered(ms, random), signal)
    } finally {
      await Promise.all(chosen.map((link) => link.restore()))
    }
  },
})

const faultsOf = (kind: Kind): Fault[] => [
  linkFault(kind, 'delayed', 5_000, (random) => ({
    delayMs: random.int(20, 400),
    jitterMs: random.int(0, 300),
  })),
  linkFault(kind, 'throttled', 5_000, (random) => ({ bytesPerSecond: random.int(2_000, 20_000) })),
  linkFault(kind, 'stalled', 4_000, () => ({ stall: true })),
  linkFault(kind, 'half-open', 3_000, () => ({ drop: true })),
  linkFault(kind, 'refusing', 2_000, () => ({ refuse: true })),
  linkFault(kind, 'cutting replies', 4_000, (random) => ({ cutReplies: random.pick([0.05, 0.2, 0.5]) })),
]

const allDropped: Fault = {
  name: 'all sockets dropped',
  target: 'clients',
  run: async ({ links }) => {
    links.client.forEach((link) => link.cut())
    await Promise.resolve()
  },
}

/** Faults of the network. "Cutting replies" loses a reply after the commit. */
export const networkFaults: readonly Fault[] = [
  allDropped,
  ...faultsOf('client'),
  ...faultsOf('database'),
  ...faultsOf('redis'),
]
