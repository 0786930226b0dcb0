// Starts services and keeps them until it is killed: what the tests kill. Arguments: directory, user id.
import { startServices } from '../../scripts/services/start.ts'

const [directory = '', uid] = process.argv.slice(2)
if (uid) {
  process.setgroups?.([])
  process.setgid?.(Number(uid))
  process.setuid?.(Number(uid))
}
try {
  const { databaseUrl, redisUrl } = await startServices({ directory, keepData: true })
  console.log(JSON.stringify({ databaseUrl, redisUrl }))
} catch (error) {
  console.log(JSON.stringify({ refused: String(error) }))
}
