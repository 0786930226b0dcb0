/** A bare node:http server, which reads the body and sends the bytes it was given: how fast this machine can be. */
import { createServer } from 'node:http'

const answer = process.env.ANSWER ?? '{"data":{"__typename":"Query"}}'

createServer((request, response) => {
  request.resume().on('end', () => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }
    response.writeHead(200, headers).end(answer)
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
