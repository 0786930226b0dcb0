/** Where an address leads. */

export type Route = { kind: 'list' } | { kind: 'concert'; concertId: string } | { kind: 'nowhere' }

/** @param hash as a link has it: cut off, written with percent signs, or with what a message app put behind it */
export function parseRoute(hash: string): Route {
  const path = decoded(hash)
  if (/^#?\/?$/.test(path)) return { kind: 'list' }
  const concertId = /^#\/concert\/([A-Za-z0-9]+=*)/.exec(path)?.[1]
  return concertId === undefined ? { kind: 'nowhere' } : { kind: 'concert', concertId }
}

function decoded(hash: string): string {
  try {
    return decodeURIComponent(hash)
  } catch {
    return hash
  }
}
