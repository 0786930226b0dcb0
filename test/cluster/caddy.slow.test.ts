/** The servers behind deploy/Caddyfile, as docker-compose.yml runs them. */
import { randomUUID } from 'node:crypto'
import { createClient } from 'graphql-ws'
import { Agent, request } from 'node:https'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { readFileSync } from 'node:fs'
import { WebSocket } from 'ws'
import { freePort } from '../../scripts/services/ports.ts'
import { shippedCaddyfile, startCaddy } from '../support/caddy.ts'
import { createClient as createApiClient } from '../support/client.ts'
import { startNameServer } from '../support/dns.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { createSale, join, statusFields } from '../support/purchase.ts'

const caddy = inject('caddy')
const { 'x-server': shared } = parse(readFileSync('docker-compose.yml', 'utf8')) as {
  'x-server': { environment: { TRUST_PROXY: number } }
}

describe.skipIf(caddy === undefined)('behind the Caddy of docker-compose.yml', () => {
  const program = caddy ?? ''
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster({
      TRUST_PROXY: String(shared.environment.TRUST_PROXY),
      DRAIN_SECONDS: '5',
      RATE_SIGN_UPS_PER_ADDRESS: '3',
      RATE_CHARGES_PER_USER: '1000000',
    })
  })
  afterAll(() => cluster.stop())

  test('in a rolling restart no request fails, mutations included, and sockets come back', async () => {
    const hosts = ['127.0.0.2', '127.0.0.3'] as const
    const [port, listenAt] = [await freePort(), await freePort()]
    const start = (host: string) => cluster.start({ HOST: host, PORT: String(port) })
    const servers: ServerProcess[] = await Promise.all(hosts.map(start))
    const names = await startNameServer(hosts)
    const proxy = await startCaddy(
      program,
      shippedCaddyfile({
        listenAt: `:${listenAt}`,
        servers: `servers.test:${port}`,
        resolver: `127.0.0.1:${names.port}`,
      }),
      [listenAt],
    )
    onTestFinished(async () => {
      await proxy.stop()
      names.stop()
    })
    const url = `http://127.0.0.1:${listenAt}/graphql`
    await eventually(async () => expect((await fetch(url.replace('graphql', 'ready'))).status).toBe(200))

    const { concertId } = await createSale(cluster, { capacity: 0 })
    const user = await cluster.user()
    const { token } = await join(user, concertId)
    const api = createApiClient(url, { accessToken: user.accessToken })
    const failures: unknown[] = []
    let answered = 0
    let going = true
    const buyer = async () => {
      while (going) {
        const sent = await api
          .send(
            'mutation ($key: String!) { chargePoints(input: { amount: 1, idempotencyKey: $key }) { __typename } }',
            {
              key: randomUUID(),
            },
          )
          .catch((error: unknown) => ({ status: String(error), errors: undefined }))
        if (sent.status === 200 && !sent.errors) answered += 1
        else failures.push(sent)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    let positions = 0
    const closes: unknown[] = []
    const client = createClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token },
      on: { closed: (event) => closes.push((event as { code: number }).code) },
    })
    const unsubscribe = client.subscribe(
      { query: `subscription { queueTicketChanges { status { ${statusFields} } } }` },
      { next: () => (positions += 1), error: (error) => failures.push(error), complete: () => undefined },
    )
    const buyers = Array.from({ length: 3 }, buyer)
    await eventually(() => expect([answered > 0, positions]).toEqual([true, 1]))

    for (const [index, host] of hosts.entries()) {
      expect(await servers[index]?.stop()).toBe(0)
      const before = answered
      await eventually(() => expect(answered).toBeGreaterThan(before))
      servers[index] = await start(host)
    }
    // It was on one of them or, after the first restart, on both in turn.
    await eventually(() => expect(positions).toBe(1 + closes.length))
    going = false
    await Promise.all(buyers)
    unsubscribe()
    expect(failures).toEqual([])
    expect(closes.length).toBeGreaterThan(0)
  }, 240_000)

  test('behind a proxy that ends TLS, two buyers have two addresses', async () => {
    const server = await cluster.start()
    const [listenAt, tlsAt] = [await freePort(), await freePort()]
    const names = await startNameServer(['127.0.0.1'])
    onTestFinished(names.stop)
    const plain = shippedCaddyfile({
      listenAt: `:${listenAt}`,
      servers: `server.test:${new URL(server.url).port}`,
      resolver: `127.0.0.1:${names.port}`,
    })
    const tls = `
      https://localhost:${tlsAt} {
        tls internal
        reverse_proxy 127.0.0.1:${listenAt}
      }`
    const options = 'auto_https disable_redirects\n\tskip_install_trust'
    const config = plain.replace('auto_https off', options) + tls
    const proxy = await startCaddy(program, config, [listenAt, tlsAt])
    onTestFinished(() => proxy.stop())
    // Its certificate is one of its own.
    const agent = new Agent({ rejectUnauthorized: false })
    const body = '{"query":"mutation { signUp(input: { name: \\"x\\" }) { __typename } }"}'
    const signUp = (localAddress: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            host: '127.0.0.1',
            servername: 'localhost',
            port: tlsAt,
            path: '/graphql',
            method: 'POST',
            agent: new Agent({ ...agent.options, localAddress }),
            headers: {
              host: `localhost:${tlsAt}`,
              'content-type': 'application/json',
              'content-length': body.length,
              'x-forwarded-for': '198.51.100.7', // which nobody is to believe
            },
          },
          (response) => {
            let text = ''
            response.on('data', (data: Buffer) => (text += data.toString()))
            response.on('end', () => {
              const { errors } = JSON.parse(text) as { errors?: { extensions: { code: string } }[] }
              resolve(errors?.[0]?.extensions.code ?? 'ok')
            })
          },
        ).on('error', reject)
        sent.end(body)
      })
    await eventually(async () => expect((await fetch(new URL('/health', server.url))).status).toBe(200))
    // Three are allowed to each, and then one every 20 s.
    const codes = []
    for (let i = 0; i < 8; i++) codes.push(await signUp('127.0.0.50'))
    expect(codes.slice(0, 3)).toEqual(['ok', 'ok', 'ok'])
    expect(codes).toContain('RATE_LIMITED')
    expect(await signUp('127.0.0.51')).toBe('ok')
  })
})
