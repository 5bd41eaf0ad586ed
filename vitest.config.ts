import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'solvers/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/long/**', 'node_modules/**'],
    globalSetup: ['test/postgres/global-setup.ts'],
    testTimeout: 60_000,
    // One for each core: by default one core would be left to the runner, which has little to do.
    maxWorkers: '100%',
  },
})
