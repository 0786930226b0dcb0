/** What somebody reads out at the door: `9F3A 07C2`, the end of the reservation's UUID, which is its random part. */
export function bookingCode(reservationId: string): string {
  const hex = atob(reservationId).slice(-8).toUpperCase()
  return `${hex.slice(0, 4)} ${hex.slice(4)}`
}
