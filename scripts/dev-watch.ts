import { relative, resolve } from 'node:path'
import { createServer, type Plugin, type ViteDevServer } from 'vite'
import { runNode } from './check/tool.ts'
import { startServer, type ServerOptions } from './dev-server.ts'
import type { SupervisedProcess } from './services/supervise.ts'

/** What the server answers itself; Vite serves the pages. */
const SERVER_PATHS = String.raw`^/(graphql|live|ready|health|metrics)(\?|$)`
const DEBOUNCE_MS = 100

interface WatchOptions {
  /** The port to open in a browser. */
  port: number
  /** The PORT in its environment is the one that requests are passed on to. */
  server: ServerOptions
  log: (line: string) => void
}

/**
 * Serves the pages from their sources and passes everything else on to the server. A change in web/ reloads the pages.
 * A change in src/ brings the database up to date, restarts the server, and reloads the pages. A server that does not
 * start is tried again at the next change.
 */
export async function startWatching(options: WatchOptions): Promise<{ stop: () => Promise<void> }> {
  const { port, log } = options
  const { env, quit } = options.server
  const vite = await createPageServer(port, `http://127.0.0.1:${env.PORT}`)
  let server: SupervisedProcess | undefined = await startServer(options.server).catch(report)
  let restarting = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  async function restart(): Promise<void> {
    await server?.stop()
    server = undefined
    const { ok, output } = await runNode(['--import', 'tsx', 'src/migrate.ts'], env)
    if (!ok) console.error(output)
    server = await startServer(options.server).catch(report)
    if (server) vite.hot.send({ type: 'full-reload' })
  }

  function report(error: unknown): undefined {
    if (!quit.aborted) console.error(error instanceof Error ? error.message : String(error))
  }

  vite.watcher.add(resolve('src'))
  vite.watcher.on('change', (file) => {
    const path = relative('.', file)
    if (!path.startsWith('src/') || quit.aborted) return
    log(`${path} has changed: restarting the server …`)
    clearTimeout(timer)
    timer = setTimeout(() => {
      restarting = restarting.then(restart)
    }, DEBOUNCE_MS)
  })
  return {
    stop: async () => {
      clearTimeout(timer)
      await vite.close()
      await restarting
      await server?.stop()
    },
  }
}

/** Relative addresses in the operators' page lead to its folder only with a slash at the end of its own address. */
const operatorsPage: Plugin = {
  name: 'operators-page',
  configureServer: ({ middlewares }) => {
    middlewares.use('/operator', (request, response, next) => {
      if (request.originalUrl !== '/operator') next()
      else response.writeHead(302, { location: '/operator/' }).end()
    })
  },
}

async function createPageServer(port: number, target: string): Promise<ViteDevServer> {
  const vite = await createServer({
    configFile: 'web/vite.config.ts',
    appType: 'mpa',
    logLevel: 'warn',
    plugins: [operatorsPage],
    server: { host: '127.0.0.1', port, strictPort: true, proxy: { [SERVER_PATHS]: { target, ws: true } } },
  })
  return vite.listen()
}
