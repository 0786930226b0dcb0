import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    // Node gives the packages in node_modules graphql's CommonJS build, Vite would give our files the other
    // one, and graphql refuses to be there twice.
    alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql/index.js')) }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/services.ts'],
    // For a machine that is ten times slower than usual. They end a test that hangs, and measure nothing.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // One more than there are cores: tests wait for deadlines and for other processes most of the time, and none of them depends
    // on how fast the machine is.
    maxWorkers: 3,
  },
})
