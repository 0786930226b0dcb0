/**
 * Opaque global ids: base64 of the type's name and a key (Relay's Global Object Identification). The key is a UUID, and for what
 * is numbered within it a colon and the number: `Seat:<performance>:12`.
 */
const nodeNames = [
  'Concert',
  'Queue',
  'QueueTicket',
  'Performance',
  'Seat',
  'Reservation',
  'Payment',
  'PointAccount',
  'User',
  'AuditLogEntry',
] as const
export type NodeName = (typeof nodeNames)[number]

const isNumbered = (name: NodeName): boolean => name === 'QueueTicket' || name === 'Seat'

const PATTERN = /^(\w+):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(:[1-9]\d{0,15})?)$/

export const globalId = (typename: NodeName, key: string): string =>
  Buffer.from(`${typename}:${key}`).toString('base64')

/** @returns null when it is not a global id of this API */
export function parseGlobalId(text: string): { typename: NodeName; id: string } | null {
  const [, name, id, number] = PATTERN.exec(Buffer.from(text, 'base64').toString('latin1')) ?? []
  const typename = nodeNames.find((known) => known === name)
  if (typename === undefined || id === undefined) return null
  return isNumbered(typename) === (number !== undefined) ? { typename, id } : null
}

export const numberedKey = (id: string, number: number): string => `${id}:${number}`

export function parseNumberedKey(key: string): { id: string; number: number } {
  const [id = '', number] = key.split(':')
  return { id, number: Number(number) }
}
