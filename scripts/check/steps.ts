/** The result of a step. `output` is printed when it is not ok. */
export interface Outcome {
  ok: boolean
  output: string
}

/** One check. */
export interface Step {
  title: string
  run: () => Promise<Outcome>
}

/**
 * Runs the groups one after the other, the steps of a group at the same time, and stops after the first group with a
 * failure. Prints each step when it ends, and a summary.
 * @returns whether all passed
 */
export async function runSteps(groups: Step[][]): Promise<boolean> {
  const lines = new Map(groups.flat().map(({ title }) => [title, line('-', title, 'not run')]))
  let ok = true
  for (const group of groups) {
    const outcomes = await Promise.all(group.map((step) => runStep(step, lines)))
    ok = outcomes.every(Boolean)
    if (!ok) break
  }
  console.log(`\n${[...lines.values()].join('\n')}`)
  return ok
}

async function runStep({ title, run }: Step, lines: Map<string, string>): Promise<boolean> {
  const began = performance.now()
  const { ok, output } = await run()
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const result = line(ok ? '✓' : '✗', title, `${seconds.padStart(6)} s`)
  lines.set(title, result)
  console.log(ok ? result : `${result}\n\n${output.trimEnd()}`)
  return ok
}

function line(mark: string, title: string, rest: string): string {
  return `${mark} ${title.padEnd(20)}${rest}`
}
