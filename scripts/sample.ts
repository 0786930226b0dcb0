/** What makes a fresh start pleasant: tables, something to buy, and tokens to try it with. */
import { v7 as uuidv7 } from 'uuid'
import { createAuth } from '../src/auth/access-tokens.ts'
import { readConfig, type Config } from '../src/config.ts'
import { createConcert, listConcerts } from '../src/db/catalog.ts'
import { openDatabase, type Database } from '../src/db/client.ts'
import { migrate } from '../src/db/migrate.ts'
import { createUser, loadUsers } from '../src/db/users.ts'
import { globalId } from '../src/schema/ids.ts'

/** Always the same two people, so that a restart finds what they did before. */
const buyer = { id: '01900000-0000-7000-8000-000000000001', name: 'Minji' }
const operator = { id: '01900000-0000-7000-8000-000000000002', name: 'Operator' }

const TOKEN_LIFETIME_SECONDS = 30 * 24 * 60 * 60
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Makes the database ready for `npm run dev`: migrates it, adds the sample concert and people if it is empty,
 * and mints the tokens that the banner shows.
 * @param env what the server will see
 */
export async function prepareSample(env: NodeJS.ProcessEnv): Promise<{ lines: string[] }> {
  const config = readConfig(env)
  await migrate(config.databaseUrl)
  const db = openDatabase({
    url: config.databaseUrl,
    poolSize: 1,
    deadlineMs: 10_000,
    statementTimeoutMs: 10_000,
    lockTimeoutMs: 10_000,
    callsMax: 10,
  })
  try {
    for (const person of [buyer, operator]) {
      if ((await loadUsers(db, [person.id])).length === 0) await createUser(db, person)
    }
    return { lines: [...(await tokenLines(config)), ...firstQuery(await sampleConcert(db, config))] }
  } finally {
    await db.close()
  }
}

/** The id of the first concert there is; of a new one in an empty database. */
async function sampleConcert(db: Database, { queueDefaults }: Config): Promise<string> {
  const [first] = await listConcerts(db, { limit: 1, after: undefined, before: undefined, fromEnd: false })
  if (first) return first.id
  const evening = new Date(new Date().setHours(19, 0, 0, 0)).getTime()
  return createConcert(
    db,
    operator.id,
    {
      title: 'Stagedoor Sessions: Opening Nights',
      performances: [30, 31, 32].map((days) => ({
        startsAt: new Date(evening + days * DAY_MS),
        seatCount: 50,
        seatPrice: 55_000,
      })),
      queueCapacity: queueDefaults.capacity,
      queueRatePerSecond: queueDefaults.ratePerSecond,
    },
    uuidv7,
  )
}

async function tokenLines({ auth: authConfig }: Config): Promise<string[]> {
  const auth = createAuth(authConfig)
  if (!auth.canIssue) return ['Access tokens come from the issuer behind AUTH_JWKS_URL.']
  const [forBuyer, forOperator] = await Promise.all([
    auth.issue({ userId: buyer.id, role: 'buyer' }, TOKEN_LIFETIME_SECONDS),
    auth.issue({ userId: operator.id, role: 'operator' }, TOKEN_LIFETIME_SECONDS),
  ])
  return [
    '',
    'Access tokens for the headers, good for 30 days:',
    `  a buyer     {"Authorization": "Bearer ${forBuyer}"}`,
    `  an operator {"Authorization": "Bearer ${forOperator}"}`,
  ]
}

const firstQuery = (concertId: string): string[] => [
  '',
  'A first operation to paste into GraphiQL, with the buyer’s header:',
  `  mutation { issueQueueToken(input: { concertId: "${globalId('Concert', concertId)}" }) {`,
  '    ... on IssueQueueTokenPayload { ticket { token status { __typename ... on Admitted { until } } } } } }',
]
