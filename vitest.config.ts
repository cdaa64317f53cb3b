/**
 * The layers of the tests, one vitest project each, so that scripts/verify.ts can run and count them one by one.
 *
 * It owns where each layer lives, how long a test may take, and which layers find a PostgreSQL server already started.
 * It does not own what a layer needs beyond that: a browser or a second process is started by the tests that use it.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Starts one PostgreSQL for all files of a layer. */
const SERVER = fileURLToPath(new URL('packages/storage/src/contract/global-setup.ts', import.meta.url))

const layer = (
  name: string,
  include: readonly string[],
  options: { seconds: number; database?: boolean; parallel?: boolean },
) => ({
  extends: true as const,
  test: {
    name,
    include: [...include],
    testTimeout: options.seconds * 1000,
    hookTimeout: Math.max(30, options.seconds) * 1000,
    fileParallelism: options.parallel ?? true,
    globalSetup: options.database && existsSync(SERVER) ? [SERVER] : [],
  },
})

export default defineConfig({
  test: {
    // Two cores are the machine that the ten minutes of `npm test` are promised for.
    maxWorkers: 2,
    pool: 'forks',
    exclude: ['**/node_modules/**', '**/dist/**', '**/.postern/**', 'test/architecture/planted/**'],
    allowOnly: false,
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      layer(
        'unit',
        ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'scripts/**/*.test.ts'],
        {
          seconds: 30,
        },
      ),
      layer('contract', ['test/contract/**/*.test.ts'], { seconds: 60, database: true }),
      layer('acceptance', ['test/acceptance/**/*.test.ts'], { seconds: 60, database: true }),
      layer('browser', ['test/browser/**/*.test.ts'], { seconds: 120, parallel: false }),
      layer('clients', ['test/clients/**/*.test.ts'], { seconds: 60 }),
      layer('faults', ['test/faults/**/*.test.ts'], { seconds: 180, database: true, parallel: false }),
      layer('architecture', ['test/architecture/**/*.test.ts'], { seconds: 120 }),
      layer('conformance', ['test/conformance/**/*.test.ts'], { seconds: 60 }),
    ],
  },
})
