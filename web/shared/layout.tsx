/** The frame of every page: home link, language, and a note when the connection is lost. */
import { effect } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { language, setLanguage } from './i18n.ts'

effect(() => {
  document.documentElement.lang = language.value
})

interface LayoutProps {
  /** The link of the name. */
  home: string
  connected: boolean
  messages: { language: string; offline: string }
  kind?: string
  children: ComponentChildren
}

export function Layout({ home, connected, messages, kind, children }: LayoutProps) {
  const other = language.value === 'en' ? 'ko' : 'en'
  return (
    <>
      <header class="top">
        <a class="brand" href={home}>
          <img src="/icon.svg" alt="" width="28" height="28" />
          Stagedoor
        </a>
        <button type="button" class="language" lang={other} onClick={() => setLanguage(other)}>
          {messages.language}
        </button>
      </header>
      <main class={kind}>{children}</main>
      <p class={connected ? 'offline hidden' : 'offline'} role="status">
        {connected ? '' : messages.offline}
      </p>
    </>
  )
}
