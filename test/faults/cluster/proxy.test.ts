import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stablePort } from './ports.ts'
import { createLink } from './proxy.ts'
import { createRandom } from './random.ts'
import type { Link } from './types.ts'

/** Sends back what it receives, and counts the bytes. */
let received = 0
const echo = createServer((socket) => {
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    received += data.length
    socket.write(data)
  })
})
let link: Link
const sockets: Socket[] = []

beforeEach(async () => {
  received = 0
  if (!echo.listening) await once(echo.listen(0, '127.0.0.1'), 'listening')
  const target = (echo.address() as AddressInfo).port
  link = await createLink({ name: 'test', port: await stablePort(), target, random: createRandom(1) })
})
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.destroy())
  await link.close()
})

async function openConnection(): Promise<Socket> {
  const socket = connect(link.port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return socket
}

/** Sends text; resolves to the reply, or to `closed`. */
async function exchange(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())))
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')))
  return Promise.race([answer, closed])
}

/** Sends text that gets no reply within 150 ms. */
async function expectNoReply(socket: Socket, text: string): Promise<void> {
  const silence = new Promise<string>((resolve) => setTimeout(() => resolve('silence'), 150))
  expect(await Promise.race([exchange(socket, text), silence])).toBe('silence')
}

test('a link without faults passes everything on', async () => {
  expect(await exchange(await openConnection(), 'hello')).toBe('hello')
})

test('a delayed link delays requests and replies', async () => {
  const socket = await openConnection()
  await link.set({ delayMs: 60 })
  const began = performance.now()
  expect(await exchange(socket, 'hello')).toBe('hello')
  expect(performance.now() - began).toBeGreaterThan(115)
})

test('what a stalled link holds back arrives when the link is restored', async () => {
  const socket = await openConnection()
  await link.set({ stall: true })
  await expectNoReply(socket, 'hello')
  await link.restore()
  expect(await exchange(socket, '!')).toBe('hello!')
})

test('a connection that lost data stays dead when the link is restored, and new ones work', async () => {
  const socket = await openConnection()
  await link.set({ drop: true })
  await expectNoReply(socket, 'lost')
  await link.restore()
  await expectNoReply(socket, 'lost too')
  expect(received).toBe(0)
  expect(await exchange(await openConnection(), 'hello')).toBe('hello')
})

test('a link that cuts replies lets the request through', async () => {
  const socket = await openConnection()
  await link.set({ cutReplies: 1 })
  expect(await exchange(socket, 'hello')).toBe('closed')
  expect(received).toBe(5)
})

test('a throttled link is slow, and loses nothing', async () => {
  const socket = await openConnection()
  await link.set({ bytesPerSecond: 20_000 })
  const began = performance.now()
  const wanted = 4_000
  let got = 0
  socket.write('x'.repeat(wanted))
  for await (const data of socket as AsyncIterable<Buffer>) if ((got += data.length) >= wanted) break
  expect(got).toBe(wanted)
  expect(performance.now() - began).toBeGreaterThan(150)
})

test('a refusing link refuses new connections until it is restored', async () => {
  const before = await openConnection()
  await link.set({ refuse: true })
  await expect(openConnection()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(await exchange(before, 'hello')).toBe('hello')
  await link.restore()
  expect(await exchange(await openConnection(), 'hello')).toBe('hello')
})

test('cutting resets every connection', async () => {
  const socket = await openConnection()
  await exchange(socket, 'hello')
  expect(link.cut()).toBe(1)
  await new Promise((resolve) => socket.once('close', resolve))
  expect(link.connections()).toBe(0)
})
