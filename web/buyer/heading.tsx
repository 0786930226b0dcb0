/** Moves the focus to the heading of a new state, when the element that had the focus is gone. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

let focused: Element | null = null
document.addEventListener('focusin', ({ target }) => (focused = target as Element))

/** False for a visitor who has the focus elsewhere, or has just loaded the page. */
const isFocusLost = (): boolean => focused !== null && (!focused.isConnected || focused.matches(':disabled'))

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
