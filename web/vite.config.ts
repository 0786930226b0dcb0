import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const outDir = at('../dist/pages')

/**
 * Puts a page's script and styles into the page. A page and its assets are then one response of one server: while a new
 * version is rolled out, a load balancer may send requests for assets to a server of the other version, which does not
 * have them. src/http/static-files.ts allows these inline elements, by their hashes, in the Content-Security-Policy.
 */
const inlineAssets: Plugin = {
  name: 'inline-assets',
  enforce: 'post',
  generateBundle(_, bundle) {
    const take = (path: string): string => {
      const name = path.replace(/^\//, '')
      const file = bundle[name]
      if (!file) throw new Error(`There is no ${path} to put into the page.`)
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- this is how a file is left out
      delete bundle[name]
      return (file.type === 'chunk' ? file.code : file.source.toString()).trim()
    }
    for (const page of Object.values(bundle)) {
      if (page.type !== 'asset' || !page.fileName.endsWith('.html')) continue
      page.source = page.source
        .toString()
        .replace(
          /<script type="module" crossorigin src="([^"]+)"><\/script>/g,
          (_tag, path: string) =>
            `<script type="module">${take(path).replaceAll(/<\/(script)/gi, '<\\/$1')}</script>`,
        )
        .replace(
          /<link rel="stylesheet" crossorigin href="([^"]+)">/g,
          (_tag, path: string) => `<style>${take(path)}</style>`,
        )
    }
    const left = Object.keys(bundle).filter((name) => !name.endsWith('.html'))
    if (left.length > 0) throw new Error(`Not part of the page: ${left.join(', ')}`)
  },
}

/** Each page is a build of its own, so that two of them share no file. */
const page = (input: string): EnvironmentOptions => ({
  consumer: 'client',
  build: { outDir, emptyOutDir: false, rolldownOptions: { input: at(input) } },
})

/** The pages, for src/http/static-files.ts to serve. */
export default defineConfig({
  root: at('.'),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [inlineAssets],
  // Phones of 2022: test/pages/old-phones.test.ts runs the pages without what came later.
  build: { target: ['safari15', 'chrome100'], modulePreload: { polyfill: false } },
  environments: { buyer: page('index.html'), operator: page('operator/index.html') },
  builder: {
    buildApp: async (builder) => {
      rmSync(outDir, { recursive: true, force: true })
      for (const name of ['buyer', 'operator']) {
        const environment = builder.environments[name]
        if (environment) await builder.build(environment)
      }
    },
  },
})
