/** Where the keyboard goes on, when what had the focus is gone: to the heading of what came instead. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

let focused: Element | null = null
document.addEventListener('focusin', ({ target }) => (focused = target as Element))

/** Somebody who is busy elsewhere on the page is left there, and so is who has only just loaded it. */
const isFocusLost = (): boolean => focused !== null && (!focused.isConnected || focused.matches(':disabled'))

/** The heading of a state that a visitor comes to. */
export function Heading({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (isFocusLost()) heading.current?.focus()
  }, [])
  return (
    <h2 ref={heading} tabIndex={-1}>
      {children}
    </h2>
  )
}
