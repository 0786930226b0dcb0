/** Tells somebody who looks elsewhere that it is their turn, if they want that. */

const known = typeof Notification !== 'undefined'

/** Could they be asked? */
export const canAsk = (): boolean => known && Notification.permission === 'default'

/** @returns whether they could be asked again */
export async function askToNotify(): Promise<boolean> {
  await Notification.requestPermission()
  return canAsk()
}

export function notify(title: string, body: string): void {
  if (!document.hidden || !known || Notification.permission !== 'granted') return
  const notification = new Notification(title, { body, tag: 'turn' })
  notification.addEventListener('click', () => window.focus())
}
