/** Opaque global ids: base64 of the type's name and the UUID (Relay's Global Object Identification). */

const nodeNames = ['Concert', 'Performance', 'Reservation', 'Payment', 'User', 'OperatorAction'] as const
export type NodeName = (typeof nodeNames)[number]

const shape = /^(\w+):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

export const globalId = (typename: NodeName, id: string): string =>
  Buffer.from(`${typename}:${id}`).toString('base64')

/** What a global id names, or null if it is not one of ours. */
export function parseGlobalId(text: string): { typename: NodeName; id: string } | null {
  const [, name, id] = shape.exec(Buffer.from(text, 'base64').toString('latin1')) ?? []
  const typename = nodeNames.find((known) => known === name)
  return typename !== undefined && id !== undefined ? { typename, id } : null
}
