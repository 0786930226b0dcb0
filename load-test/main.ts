/** npm run rehearse: a sale with simulated buyers against a running Stagedoor. docs/load-test.md is its manual. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { RequestFailed } from './client.ts'
import { isPassed } from './checks.ts'
import { readOptions, usage, type Options } from './options.ts'
import { renderChart } from './chart.ts'
import { startProgress } from './progress.ts'
import { runSale } from './sale.ts'
import { summarize } from './summary.ts'

/** Connections for operations from each source address, and files that are open besides. */
const CONNECTIONS_MAX = 64
const OTHER_FILES = 1_200

const args = process.argv.slice(2)
if (args.includes('--help')) console.log(usage)
else process.exitCode = await runLoadTest(args)

/** @returns the exit code: 1 when a promise was broken, 2 when there was no rehearsal, 130 after Ctrl-C */
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
    const { stats: figures, findings } = result
    const seats = options.concert === undefined ? options.seats : null
    console.log(summarize(result, seats))
    const title = `Dress rehearsal: ${options.buyers.toLocaleString('en')} buyers`
    writeFileSync(
      options.picture,
      renderChart({ title, samples: figures.moments, capacity: figures.capacityMax, seats }),
    )
    console.log(`  The picture of the sale: ${options.picture}`)
    if (!isPassed(findings)) return 1
    if (quit.signal.aborted) return 130
    return result.complete ? 0 : 1
  } catch (error) {
    progress.stop()
    if (quit.signal.aborted) return 130
    if (!(error instanceof RequestFailed)) throw error
    console.error(`There was no rehearsal. ${error.message}`)
    return 2
  }
}

function parseOptions(args: string[]): Options | null {
  try {
    const options = readOptions(args, process.env)
    const filesMax = openFilesMax()
    if (options.buyers + OTHER_FILES <= filesMax) return options
    throw new Error(
      `${options.buyers} buyers take more open files than the ${filesMax} that are allowed: ulimit -n ${options.buyers + OTHER_FILES}`,
    )
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return null
  }
}

/** How many this process may have open. Node raises its own limit as far as it may. */
function openFilesMax(): number {
  const file = '/proc/self/limits'
  if (!existsSync(file)) return Infinity
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? Infinity)
}

function concertFrom(options: Options) {
  const { concert, seats, capacity, 'operator-token': operatorToken = '' } = options
  return concert === undefined ? { seats, capacity, operatorToken } : { id: concert }
}
