import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The suite over a real control plane: one file after the other, with a lot of patience. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['suite/*.suite.ts'],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
})
