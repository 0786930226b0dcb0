/** The command line of the load test. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { z } from 'zod'

export const usage = `npm run load-test -- [options]

  --url URL               of the server                              http://127.0.0.1:4000
  --buyers N              number of buyers                           1000
  --arrive SECONDS        the time within which they join            5
  --operator-token TOKEN  to create the concert; or OPERATOR_TOKEN in the environment
  --cashier-token TOKEN   to charge points where CHARGES_BY=cashiers; or CASHIER_TOKEN in the environment
  --seats N               of the concert that is created             500
  --capacity N            of its queue                               200
  --concert ID            an existing concert instead, whose seats are then sold
  --identities FILE       access tokens, one a line, instead of sign-ups
  --think SECONDS         average pause of a buyer before each step; 0: none                2
  --give-up SHARE         share of the buyers who cancel their hold, 0 to 1                 0.05
  --seats-each N          most seats that a buyer wants, 1 to 4      2
  --minutes N             time limit                                 30
  --chart FILE            where the chart is written                 load-test.svg
`

const whole = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback)

const options = z
  .object({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
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
    chart: z.string().default('load-test.svg'),
  })
  .refine(({ concert, 'operator-token': token }) => concert !== undefined || token !== undefined, {
    path: ['operator-token'],
    message: 'is needed to create a concert; or name one with --concert',
  })

export type Options = z.infer<typeof options>

/** @throws Error whose message names every missing or invalid option, one a line */
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
