import { vi } from 'vitest'

/** Long enough for a machine that is ten times slower than usual. */
const LIMIT_MS = 60_000

/**
 * Waits until `check` passes. The limit is for a test that fails, never for one that measures: a test that asserts how fast
 * something happens fails on a busy machine.
 * @returns what `check` returned
 * @throws what `check` threw last
 */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: LIMIT_MS, interval: 10 })
