/** Notifications of the browser, for a visitor who looks at another tab. */

const isSupported = typeof Notification !== 'undefined'

/** Chrome on Android has the constructor, and it throws. Nothing is shown before permission is granted. */
function canConstruct(): boolean {
  try {
    new Notification('').close()
    return true
  } catch {
    return false
  }
}

export const canRequestPermission = (): boolean =>
  isSupported && Notification.permission === 'default' && canConstruct()

/** @returns whether the permission can be requested again */
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
