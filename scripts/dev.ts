import { startServer } from './dev-server.ts'
import { preparePages } from './pages.ts'
import { prepareSample } from './sample.ts'
import { developmentSecrets } from './secrets.ts'
import { freePort } from './services/ports.ts'
import { startServices, type Services } from './services/start.ts'
import { UserError } from './services/user-error.ts'

interface Stoppable {
  stop: () => Promise<void>
}

const log = (line: string) => console.log(`· ${line}`)

interface DevOptions {
  /** Serve the pages from their sources, and restart the server when its sources change. */
  watch: boolean
  /** Start the server under the debugger. */
  inspect: boolean
}

/** Starts everything, prints the addresses, and stays until Ctrl-C or until the server ends. Sets the exit code. */
export async function dev(options: DevOptions): Promise<void> {
  const quit = quitSignal()
  const started: Stoppable[] = []
  try {
    process.exitCode = await run(options, quit, started)
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

/** Returns the exit code: the server's, or 0 when it was stopped by a signal. */
async function run({ watch, inspect }: DevOptions, quit: AbortSignal, started: Stoppable[]): Promise<number> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env
  const services = await startServices({
    directory: '.data',
    keepData: true,
    external: { databaseUrl, redisUrl },
    log,
  })
  started.push(services)
  quit.throwIfAborted()

  const port = await choosePort(Number(process.env.PORT ?? 4000))
  const serverPort = watch ? await choosePort(port + 1) : port
  const env = serverEnv(services, serverPort)
  const [{ lines }] = await Promise.all([prepareSample(env), watch ? undefined : preparePages(log)])
  quit.throwIfAborted()

  log('starting the server …')
  const text = banner(`http://127.0.0.1:${port}`, services, lines)
  if (watch) {
    const { startWatching } = await import('./dev-watch.ts')
    started.push(await startWatching({ port, server: { env, inspect, quit }, log }))
    quit.throwIfAborted()
    console.log(text)
    return aborted(quit)
  }
  const server = await startServer({ env, inspect, quit })
  started.push(server)
  console.log(text)
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
  throw new UserError(
    `No port from ${wanted} to ${wanted + 99} is free. Choose another: PORT=5000 npm run dev`,
  )
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

function aborted(signal: AbortSignal): Promise<0> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(0)))
}

function banner(origin: string, { databaseUrl, redisUrl }: Services, lines: string[]): string {
  return `
  Stagedoor is running

  Buyers      ${origin}/
  Operators   ${origin}/operator, with the operator’s token below
  GraphiQL    ${origin}/graphql
  PostgreSQL  ${databaseUrl}
  Redis       ${redisUrl}
${lines.map((line) => `  ${line}\n`).join('')}
  Ctrl-C stops everything. The data is kept in .data/; delete that folder to start with new data.
`
}
