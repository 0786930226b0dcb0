/** Brings the database of DATABASE_URL up to date, and ends. Run it before the servers of a new version start. */
import { migrate } from './db/migrate.ts'
import { describeUnknownParameters } from './db/url.ts'

const url = process.env.DATABASE_URL
const refusal =
  url === undefined || url === ''
    ? 'is missing'
    : URL.canParse(url)
      ? describeUnknownParameters(url)
      : 'has to be a postgres:// address'
if (url === undefined || refusal !== undefined) {
  console.error(`DATABASE_URL ${refusal}`)
  process.exit(1)
}
await migrate(url)
console.log('The database is up to date.')
