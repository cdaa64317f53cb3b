/**
 * The layers of the tests, one vitest project each, so that scripts/verify.ts can run and count them one by one.
 *
 * It owns where each layer lives, how long a test may take, and which layers find a PostgreSQL server already started.
 * It does not own what a layer needs beyond that: a browser or a second process is started by the tests that use it.
 */
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const inStorage = (file: string) => fileURLToPath(new URL(`packages/storage/src/contract/${file}`, import.meta.url))
/** Starts one PostgreSQL for all files of a layer. */
const SERVER = inStorage('global-setup.ts')
/** Makes what databases in memory begin with, once for all files of all layers. */
const IMAGE = inStorage('image-setup.ts')
/** Says which mail servers are missing, before anything runs. */
const PROGRAMS = fileURLToPath(new URL('test/servers/support/programs-setup.ts', import.meta.url))

interface Layer {
  readonly name: string
  readonly include: readonly string[]
  /** How long one test may take. */
  readonly seconds: number
  /** Needs a real PostgreSQL. */
  readonly database?: boolean
  /** Its files may not run beside each other: they start several processes of their own, or stop them. */
  readonly alone?: boolean
  /**
   * Its files run one after the other in the same two processes, where what they import is loaded once and PGlite compiled
   * once. So a file may leave nothing global behind: a clock that it stopped runs again, what it started is closed.
   */
  readonly reuse?: boolean
  /** Needs mail servers of the system. */
  readonly programs?: boolean
  /** Done before long. scripts/verify.ts runs these beside a layer that runs alone. */
  readonly small?: boolean
}

/** In the order in which scripts/verify.ts runs them: the cheap and telling first. */
export const LAYERS: readonly Layer[] = [
  { name: 'architecture', include: ['test/architecture/**/*.test.ts'], seconds: 120, small: true },
  {
    name: 'unit',
    include: ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'scripts/**/*.test.ts'],
    seconds: 30,
    database: true,
    reuse: true,
  },
  { name: 'contract', include: ['test/contract/**/*.test.ts'], seconds: 60, database: true, small: true },
  { name: 'acceptance', include: ['test/acceptance/**/*.test.ts'], seconds: 60, database: true, reuse: true },
  { name: 'clients', include: ['test/clients/**/*.test.ts'], seconds: 60 },
  { name: 'conformance', include: ['test/conformance/**/*.test.ts'], seconds: 60, small: true },
  { name: 'browser', include: ['test/browser/**/*.test.ts'], seconds: 120 },
  { name: 'faults', include: ['test/faults/**/*.test.ts'], seconds: 180, database: true, alone: true },
]

/** Needs mail servers of the system, so it is no part of `npm test`: scripts/test-servers.ts runs it. */
const SERVERS: Layer = {
  name: 'servers',
  include: ['test/servers/**/*.test.ts'],
  seconds: 60,
  database: true,
  programs: true,
}

// Every process that tests start compiles the same packages. Node keeps the outcome where they all find it.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/postern/compiled', import.meta.url))

export default defineConfig({
  test: {
    // Two cores are the machine that the ten minutes of `npm test` are promised for.
    maxWorkers: 2,
    pool: 'forks',
    exclude: ['**/node_modules/**', '**/dist/**', '**/.postern/**'],
    allowOnly: false,
    projects: [...LAYERS, SERVERS].map(({ name, include, seconds, database, alone, reuse, programs }) => ({
      extends: true as const,
      test: {
        name,
        include: [...include],
        testTimeout: seconds * 1000,
        hookTimeout: Math.max(60, seconds) * 1000,
        fileParallelism: alone !== true,
        isolate: reuse !== true,
        globalSetup: [...(programs === true ? [PROGRAMS] : []), IMAGE, ...(database === true ? [SERVER] : [])],
      },
    })),
  },
})
