/** A bare ws server, which sends given bytes to every connection for each HTTP request. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const message = process.env.MESSAGE ?? ''

const server = createServer((_, response) => {
  for (const socket of sockets.clients) socket.send(message)
  response.end()
})
const sockets = new WebSocketServer({ server, path: '/graphql' })
server.listen(Number(process.env.PORT), '127.0.0.1')
