/** `9F3A 07C2`: the last 8 hex digits of the reservation's UUID, which are random. */
export function bookingCode(reservationId: string): string {
  const hex = atob(reservationId).slice(-8).toUpperCase()
  return `${hex.slice(0, 4)} ${hex.slice(4)}`
}
