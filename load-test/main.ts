/** npm run load-test: a sale with simulated buyers against a running Stagedoor. See docs/load-test.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { ApiError } from '../client/client.ts'
import { isPassed } from './checks.ts'
import { readOptions, usage, type Options } from './options.ts'
import { renderChart } from './chart.ts'
import { startProgress } from './progress.ts'
import { runSale } from './sale.ts'
import { summarize } from './summary.ts'

/** HTTP connections from each source address. */
const CONNECTIONS_MAX = 64
/** Open files beside the buyers' sockets: HTTP connections, mostly. */
const OTHER_FILES = 1_200

const args = process.argv.slice(2)
if (args.includes('--help')) console.log(usage)
else process.exitCode = await runLoadTest(args)

/** @returns the exit code: 1 when a check failed, 2 when the load test could not start, 130 after Ctrl-C */
async function runLoadTest(args: string[]): Promise<number> {
  const options = parseOptions(args)
  if (!options) return 2

  const quit = new AbortController()
  process.once('SIGINT', () => quit.abort())
  process.once('SIGTERM', () => quit.abort())
  const progress = startProgress(process.stdout)
  try {
    const result = await runSale({
      url: options.url,
      buyers: options.buyers,
      concert: concertFrom(options),
      cashierToken: options['cashier-token'],
      identities: options.identities,
      arriveMs: options.arrive * 1_000,
      profile: {
        thinkMs: options.think * 1_000,
        giveUp: options['give-up'],
        seatsMax: options['seats-each'],
      },
      connectionsMax: CONNECTIONS_MAX,
      random: Math.random,
      signal: AbortSignal.any([quit.signal, AbortSignal.timeout(options.minutes * 60_000)]),
      onProgress: progress.show,
    })
    progress.stop()
    const { stats, findings } = result
    const seats = options.concert === undefined ? options.seats : null
    console.log(summarize(result, seats))
    const title = `Load test: ${options.buyers.toLocaleString('en')} buyers`
    writeFileSync(
      options.chart,
      renderChart({ title, samples: stats.samples, capacity: stats.capacityMax, seats }),
    )
    console.log(`  Chart: ${options.chart}`)
    if (!isPassed(findings)) return 1
    if (quit.signal.aborted) return 130
    return result.complete ? 0 : 1
  } catch (error) {
    progress.stop()
    if (quit.signal.aborted) return 130
    if (!(error instanceof ApiError)) throw error
    console.error(`The load test could not start. ${error.code}: ${error.message}`)
    return 2
  }
}

function parseOptions(args: string[]): Options | null {
  try {
    const options = readOptions(args, process.env)
    const filesMax = openFilesMax()
    if (options.buyers + OTHER_FILES <= filesMax) return options
    throw new Error(
      `${options.buyers} buyers need more open files than the limit of ${filesMax}: ulimit -n ${options.buyers + OTHER_FILES}`,
    )
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return null
  }
}

/** The limit of open files of this process, which Node has raised as far as it may. */
function openFilesMax(): number {
  const file = '/proc/self/limits'
  if (!existsSync(file)) return Infinity
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? Infinity)
}

function concertFrom(options: Options) {
  const { concert, seats, capacity, 'operator-token': operatorToken = '' } = options
  return concert === undefined ? { seats, capacity, operatorToken } : { id: concert }
}
