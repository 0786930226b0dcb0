import { setTimeout as sleep } from 'node:timers/promises'
import { preparePages } from './pages.ts'
import { prepareSample } from './sample.ts'
import { developmentSecrets } from './secrets.ts'
import { supervise, type SupervisedProcess } from './services/supervise.ts'
import { freePort } from './services/ports.ts'
import { startServices, type Services } from './services/start.ts'
import { UserError } from './services/user-error.ts'

interface Stoppable {
  stop: () => Promise<void>
}

const log = (line: string) => console.log(`· ${line}`)

/** Starts everything, shows where it is, and stays until Ctrl-C or until the server ends. Sets the exit code. */
export async function dev(): Promise<void> {
  const quit = quitSignal()
  const started: Stoppable[] = []
  try {
    process.exitCode = await run(quit, started)
  } catch (error) {
    if (!quit.aborted) {
      console.error(`\n${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
    }
  }
  for (const { stop } of started.reverse()) await stop()
  process.exit()
}

/**
 * Aborted by Ctrl-C, by `kill`, and when the terminal goes away. Later signals change nothing: npm sends one
 * of its own after the terminal's.
 */
function quitSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => controller.abort())
  return controller.signal
}

/** Returns the exit code: the server's, or 0 when somebody wanted it to end. */
async function run(quit: AbortSignal, started: Stoppable[]): Promise<number> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env
  const services = await startServices({
    directory: '.data',
    keepData: true,
    external: { databaseUrl, redisUrl },
    log: log,
  })
  started.push(services)
  quit.throwIfAborted()

  const port = await choosePort(Number(process.env.PORT ?? 4000))
  const env = serverEnv(services, port)
  const [{ lines }] = await Promise.all([prepareSample(env), preparePages(log)])
  quit.throwIfAborted()

  log('starting the server …')
  const command = [process.execPath, '--import', 'tsx', 'src/main.ts']
  const server = await supervise('TERM', command, { cwd: process.cwd(), env, output: 'inherit' })
  started.push(server)
  const origin = `http://127.0.0.1:${port}`
  await waitUntilReady(`${origin}/ready`, server, quit)
  console.log(banner(origin, services, lines))

  const code = await Promise.race([server.ended, aborted(quit)])
  if (code !== 0) console.error(`The server ended by itself, with exit code ${code}.`)
  return code
}

/** The wanted port, or the next free one. */
async function choosePort(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) {
    try {
      await freePort(port)
      if (port !== wanted) log(`port ${wanted} is taken: using ${port}`)
      return port
    } catch {
      continue
    }
  }
  throw new UserError(`The ports from ${wanted} on are all taken. Choose another: PORT=5000 npm run dev`)
}

/** What the server sees: our own environment, and what is missing in it. */
function serverEnv({ databaseUrl, redisUrl }: Services, port: number): NodeJS.ProcessEnv {
  const { AUTH_SECRET, TICKET_SECRETS } = developmentSecrets('.data/secrets.json')
  const identity = process.env.AUTH_JWKS_URL ? {} : { AUTH_SECRET }
  return {
    ...identity,
    TICKET_SECRETS,
    DRAIN_SECONDS: '0', // no load balancer
    ...process.env,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    PORT: String(port),
  }
}

async function waitUntilReady(url: string, server: SupervisedProcess, quit: AbortSignal): Promise<void> {
  while (!(await responds(url))) {
    quit.throwIfAborted()
    const code = await Promise.race([server.ended, sleep(50)])
    if (code !== undefined) throw new UserError('The server did not start. What it says above is the reason.')
  }
}

async function responds(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

function aborted(signal: AbortSignal): Promise<0> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(0)))
}

function banner(origin: string, { databaseUrl, redisUrl }: Services, lines: string[]): string {
  return `
  Stagedoor is running

  GraphiQL    ${origin}/graphql
  For buyers  ${origin}/
  The desk    ${origin}/operator, with the operator’s token below
  PostgreSQL  ${databaseUrl}
  Redis       ${redisUrl}
${lines.map((line) => `  ${line}\n`).join('')}
  Ctrl-C stops all of it. The data stays in .data/ for the next start; delete that to start afresh.
`
}
