/** Tells somebody who looks elsewhere that it is their turn, if they want that. */

const known = typeof Notification !== 'undefined'

/** Chrome on Android has the constructor, and it throws. Nothing is shown while nobody has allowed it. */
function canMake(): boolean {
  try {
    new Notification('').close()
    return true
  } catch {
    return false
  }
}

/** Could they be asked? */
export const canAsk = (): boolean => known && Notification.permission === 'default' && canMake()

/** @returns whether they could be asked again */
export async function askToNotify(): Promise<boolean> {
  await Notification.requestPermission()
  return canAsk()
}

export function notify(title: string, body: string): void {
  if (!document.hidden || !known || Notification.permission !== 'granted') return
  try {
    const notification = new Notification(title, { body, tag: 'turn' })
    notification.addEventListener('click', () => window.focus())
  } catch {
    // The title of the page says it as well.
  }
}
