import type { IncomingMessage } from 'node:http'

/** A purchase takes a fraction of this. */
export const BODY_BYTES_MAX = 64 * 1024

export const BODY_TOO_LONG = `A request can be at most ${BODY_BYTES_MAX} bytes long.`

/**
 * Reads the body of a request as text, with or without a Content-Length.
 * @returns null: it is longer than BODY_BYTES_MAX, and the rest is discarded. Never resolves when the client disconnects before
 *   the end: no response can be sent then.
 */
export const readBody = (request: IncomingMessage): Promise<string | null> =>
  new Promise((resolve) => {
    let chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= BODY_BYTES_MAX) {
        chunks.push(chunk)
        return
      }
      chunks = []
      resolve(null)
    })
    // Nearly always it is one chunk.
    request.on('end', () =>
      resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? ''),
    )
    request.on('error', () => undefined)
  })
