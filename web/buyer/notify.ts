/** Tells somebody who looks elsewhere that it is their turn, if they want that. */

const isSupported = typeof Notification !== 'undefined'

/** Chrome on Android has the constructor, and it throws. Nothing is shown while nobody has allowed it. */
function canConstruct(): boolean {
  try {
    new Notification('').close()
    return true
  } catch {
    return false
  }
}

/** Could they be asked? */
export const canRequestPermission = (): boolean =>
  isSupported && Notification.permission === 'default' && canConstruct()

/** @returns whether they could be asked again */
export async function requestPermission(): Promise<boolean> {
  await Notification.requestPermission()
  return canRequestPermission()
}

export function notify(title: string, body: string): void {
  if (!document.hidden || !isSupported || Notification.permission !== 'granted') return
  try {
    const notification = new Notification(title, { body, tag: 'turn' })
    notification.addEventListener('click', () => window.focus())
  } catch {
    // The title of the page says it as well.
  }
}
