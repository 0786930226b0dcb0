/** Ids: the API writes base64 of the type's name and the UUID; tokens and logs have the plain UUID. */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** As a ticket has it: `9F3A 07C2`. */
const BOOKING_CODE = /^[0-9a-f]{4}[\s-]?[0-9a-f]{4}$/i

export const isBookingCode = (written: string): boolean => BOOKING_CODE.test(written)

/** Twelve characters, which are sixteen in base64 whatever follows. */
const RESERVATION = btoa('Reservation:')

export const uuidOf = (id: string): string => atob(id).replace(/^\w+:/, '')

/** Whom an operator means: a user, by either id, or whoever has that reservation. */
export function parseBuyerId(written: string): { userId: string } | { reservationId: string } {
  if (written.startsWith(RESERVATION)) return { reservationId: written }
  return { userId: UUID.test(written) ? btoa(`User:${written.toLowerCase()}`) : written }
}
