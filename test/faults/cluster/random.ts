import { createHash } from 'node:crypto'
import type { Random } from './types.ts'

/** Seeded random numbers: mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    pick: (items) => {
      if (items.length === 0) throw new Error('There is nothing to pick from')
      return items[Math.floor(next() * items.length)] as (typeof items)[number]
    },
    fork: (name) => createRandom(createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE()),
  }
}
