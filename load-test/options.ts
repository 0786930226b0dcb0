/** The command line of the rehearsal, checked in one go. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { z } from 'zod'

export const usage = `npm run load-test -- [options]

  --url URL               of the server                              http://127.0.0.1:4000
  --buyers N              how many come                              1000
  --arrive SECONDS        within what time they come                 5
  --operator-token TOKEN  to create a concert for it; or the environment's OPERATOR_TOKEN
  --cashier-token TOKEN   to charge with where CHARGES_BY=cashiers; or the environment's CASHIER_TOKEN
  --seats N               of the concert that is created             500
  --capacity N            of its queue                               200
  --concert ID            an existing concert instead: its seats are really sold
  --identities FILE       access tokens, one a line, instead of signing up
  --think SECONDS         how long people think before a step, on average; 0: not at all    2
  --give-up SHARE         of the buyers who give their hold up again, 0 to 1                0.05
  --seats-each N          that somebody wants, at the most, 1 to 4   2
  --minutes N             when it ends at the latest                 30
  --picture FILE          where the picture goes                     load-test.svg
`

const whole = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback)

const options = z
  .object({
    url: z
      .url({ protocol: /^https?$/, error: 'has to be an http:// address' })
      .default('http://127.0.0.1:4000'),
    buyers: whole(1_000, 50_000),
    arrive: z.coerce.number().min(0).max(3_600).default(5),
    'operator-token': z.string().optional(),
    'cashier-token': z.string().optional(),
    seats: whole(500, 1_000_000),
    capacity: whole(200, 1_000_000),
    concert: z.string().optional(),
    identities: z.string().transform(readLines).default([]),
    think: z.coerce.number().min(0).max(300).default(2),
    'give-up': z.coerce.number().min(0).max(1).default(0.05),
    'seats-each': whole(2, 4),
    minutes: z.coerce.number().positive().max(1_440).default(30),
    picture: z.string().default('load-test.svg'),
  })
  .refine(({ concert, 'operator-token': token }) => concert !== undefined || token !== undefined, {
    path: ['operator-token'],
    message: 'is needed to create a concert; or name one with --concert',
  })

export type Options = z.infer<typeof options>

/** @throws Error that names every option that is missing or wrong, one a line */
export function readOptions(args: string[], env: Record<string, string | undefined>): Options {
  const names = Object.keys(options.shape)
  const { values } = parseArgs({
    args,
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  })
  const result = options.safeParse({
    'operator-token': env.OPERATOR_TOKEN,
    'cashier-token': env.CASHIER_TOKEN,
    ...values,
  })
  if (result.success) return result.data
  throw new Error(
    result.error.issues.map(({ path, message }) => `--${String(path[0])} ${message}`).join('\n'),
  )
}

function readLines(file: string, context: z.RefinementCtx): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean)
  } catch {
    context.addIssue('cannot be read')
    return []
  }
}
