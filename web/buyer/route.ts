/** What the address shows. */

export type Route = { kind: 'list' } | { kind: 'concert'; concertId: string } | { kind: 'unknown' }

/** @param hash from a link: perhaps cut off, percent-encoded, or followed by what a chat app added */
export function parseRoute(hash: string): Route {
  const path = decoded(hash)
  if (/^#?\/?$/.test(path)) return { kind: 'list' }
  const concertId = /^#\/concert\/([A-Za-z0-9]+=*)/.exec(path)?.[1]
  return concertId === undefined ? { kind: 'unknown' } : { kind: 'concert', concertId }
}

function decoded(hash: string): string {
  try {
    return decodeURIComponent(hash)
  } catch {
    return hash
  }
}
