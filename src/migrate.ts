/** Brings the database of DATABASE_URL up to date, and ends. Run it before the servers of a new version start. */
import { migrate } from './db/migrate.ts'

const url = process.env.DATABASE_URL
if (url === undefined || url === '') {
  console.error('DATABASE_URL is missing')
  process.exit(1)
}
await migrate(url)
console.log('The database is up to date.')
