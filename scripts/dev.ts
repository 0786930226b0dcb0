import { setTimeout as sleep } from 'node:timers/promises'
import { preparePages } from './pages.ts'
import { prepareSample } from './sample.ts'
import { developmentSecrets } from './secrets.ts'
import { keep, type Kept } from './services/keep.ts'
import { freePort } from './services/ports.ts'
import { startServices, type Services } from './services/start.ts'
import { Trouble } from './services/trouble.ts'

interface Started {
  stop: () => Promise<void>
}

const say = (line: string) => console.log(`· ${line}`)

/** Starts everything, shows where it is, and stays until Ctrl-C or until the server ends. Sets the exit code. */
export async function dev(): Promise<void> {
  const quit = onQuit()
  const started: Started[] = []
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
function onQuit(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => controller.abort())
  return controller.signal
}

/** Returns the exit code: the server's, or 0 when somebody wanted it to end. */
async function run(quit: AbortSignal, started: Started[]): Promise<number> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env
  const services = await startServices({
    directory: '.data',
    keepData: true,
    given: { databaseUrl, redisUrl },
    say,
  })
  started.push(services)
  quit.throwIfAborted()

  const port = await choosePort(Number(process.env.PORT ?? 4000))
  const env = serverEnv(services, port)
  const [{ lines }] = await Promise.all([prepareSample(env), preparePages(say)])
  quit.throwIfAborted()

  say('starting the server …')
  const command = [process.execPath, '--import', 'tsx', 'src/main.ts']
  const server = await keep('TERM', command, { cwd: process.cwd(), env, output: 'inherit' })
  started.push(server)
  const origin = `http://127.0.0.1:${port}`
  await untilReady(`${origin}/ready`, server, quit)
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
      if (port !== wanted) say(`port ${wanted} is taken: using ${port}`)
      return port
    } catch {
      continue
    }
  }
  throw new Trouble(`The ports from ${wanted} on are all taken. Choose another: PORT=5000 npm run dev`)
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

async function untilReady(url: string, server: Kept, quit: AbortSignal): Promise<void> {
  while (!(await answers(url))) {
    quit.throwIfAborted()
    const code = await Promise.race([server.ended, sleep(50)])
    if (code !== undefined) throw new Trouble('The server did not start. What it says above is the reason.')
  }
}

async function answers(url: string): Promise<boolean> {
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
