/** Ids as operators have them: the API's base64 of the type's name and the UUID; the plain UUID of tokens and logs; booking codes. */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** As a ticket has it: `9F3A 07C2`. */
const BOOKING_CODE = /^([0-9a-f]{4})[\s-]?([0-9a-f]{4})$/i

export type BuyerSearch = { bookingCode: string } | { userId: string } | { reservationId: string }

/** Decodes an id of the API; undefined if it is none. */
function decodeId(id: string): { type: string; uuid: string } | undefined {
  try {
    const [type = '', uuid = ''] = atob(id).split(':')
    return UUID.test(uuid) ? { type, uuid } : undefined
  } catch {
    return undefined
  }
}

export const uuidOf = (id: string): string => decodeId(id)?.uuid ?? id

/** What was typed: a booking code, a user's id of either form, or a reservation's id. Undefined: none of them. */
export function parseBuyerSearch(typed: string): BuyerSearch | undefined {
  const [, first, second] = BOOKING_CODE.exec(typed) ?? []
  if (first !== undefined && second !== undefined) return { bookingCode: `${first} ${second}`.toUpperCase() }
  if (UUID.test(typed)) return { userId: btoa(`User:${typed.toLowerCase()}`) }
  const type = decodeId(typed)?.type
  if (type === 'User') return { userId: typed }
  return type === 'Reservation' ? { reservationId: typed } : undefined
}
