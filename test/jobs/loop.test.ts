import { expect, onTestFinished, test } from 'vitest'
import { startLoop } from '../../src/jobs/loop.ts'
import { eventually } from '../support/eventually.ts'

const NEVER = 1_000_000

/** A job whose runs end when the test says so. */
function createJob(pauseMs: number) {
  const runs: ((more: boolean | Error) => void)[] = []
  const errors: unknown[] = []
  const loop = startLoop({
    pauseMs,
    run: () =>
      new Promise((resolve, reject) =>
        runs.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))),
      ),
    onError: (error) => errors.push(error),
  })
  onTestFinished(async () => {
    const stopped = loop.stop()
    runs.at(-1)?.(false)
    await stopped
  })
  return {
    loop,
    runs,
    errors,
    untilRun: (count: number) => eventually(() => expect(runs).toHaveLength(count)),
  }
}

test('a job runs at once, and again after its pause', async () => {
  const { runs, untilRun } = createJob(5)
  expect(runs).toHaveLength(1)
  runs[0]?.(false)
  await untilRun(2)
  runs[1]?.(false)
  await untilRun(3)
})

test('waking ends the pause', async () => {
  const { loop, runs, untilRun } = createJob(NEVER)
  runs[0]?.(false)
  await eventually(() => {
    loop.wake()
    expect(runs).toHaveLength(2)
  })
  runs[1]?.(true)
  await untilRun(3)
})

test('waking during a run causes one further run, never two at a time', async () => {
  const { loop, runs, untilRun } = createJob(NEVER)
  loop.wake()
  loop.wake()
  expect(runs).toHaveLength(1)
  runs[0]?.(false)
  await untilRun(2)
  runs[1]?.(false)
  await new Promise(setImmediate)
  expect(runs).toHaveLength(2)
})

test('a run that reports more work is followed by the next without a pause', async () => {
  const { runs, untilRun } = createJob(NEVER)
  runs[0]?.(true)
  await untilRun(2)
})

test('a failure is reported, and the next run follows after the pause', async () => {
  const { runs, errors, untilRun } = createJob(5)
  const error = new Error('away')
  runs[0]?.(error)
  await untilRun(2)
  expect(errors).toEqual([error])
})

test('stopping waits for the current run, and no further run starts', async () => {
  const { loop, runs } = createJob(1)
  let stopped = false
  const stopping = loop.stop().then(() => (stopped = true))
  await new Promise(setImmediate)
  expect(stopped).toBe(false)
  runs[0]?.(true)
  await stopping
  loop.wake()
  await new Promise(setImmediate)
  expect(runs).toHaveLength(1)
})

test('stopping ends the pause', async () => {
  const { loop, runs } = createJob(NEVER)
  runs[0]?.(false)
  await new Promise(setImmediate)
  await loop.stop()
  expect(runs).toHaveLength(1)
})
