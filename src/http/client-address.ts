import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/**
 * The client's address, by which limits count: an IPv4 address, or the /64 network that one subscriber has of IPv6.
 * @param trustedProxies how many proxies are in front. Each appends the address of its client to X-Forwarded-For; entries
 *   further left are client-supplied and not trusted.
 */
export function clientAddress({ headers, socket }: IncomingMessage, trustedProxies: number): string {
  const nearest = socket.remoteAddress ?? ''
  if (trustedProxies === 0) return normalizeAddress(nearest)
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  const chain = [...forwarded, nearest].map((hop) => hop.trim()).filter(Boolean)
  const claimed = chain.at(-1 - Math.min(trustedProxies, chain.length - 1)) ?? nearest
  return normalizeAddress(isIP(claimed) ? claimed : nearest)
}

function normalizeAddress(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (isIP(address) !== 6) return address
  const [left = '', right] = address.split('::')
  const groups = (text = ''): string[] => text.split(':').filter(Boolean)
  const missing = right === undefined ? 0 : 8 - groups(left).length - groups(right).length
  const all = [...groups(left), ...Array<string>(Math.max(0, missing)).fill('0'), ...groups(right)]
  const network = all.slice(0, 4).map((group) => parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
