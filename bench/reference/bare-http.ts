/** A bare node:http server, which reads the body and sends given bytes: the upper limit of this machine. */
import { createServer } from 'node:http'

const body = process.env.BODY ?? '{"data":{"__typename":"Query"}}'

createServer((request, response) => {
  request.resume().on('end', () => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    response.writeHead(200, headers).end(body)
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
