/**
 * What test files get for `vitest` while mutants are tried: the same `expect`, and a `test` that only collects. scripts/mutation-runner.ts
 * runs what was collected as often as it likes, in one process, without importing anything again.
 *
 * It owns collecting and running one test. It knows the part of vitest that the tests of packages/resource-server use; anything
 * else is undefined there and fails the first run.
 */
import { format } from 'node:util'
import { expect as realExpect } from 'vitest'

export { expectTypeOf } from 'vitest'

type Work = (context: { expect: typeof realExpect; onTestFinished: (work: Hook) => void }) => unknown
type Hook = () => unknown
type Moment = 'beforeAll' | 'afterAll' | 'beforeEach' | 'afterEach'

/** What one file has collected. */
export interface CollectedFile {
  readonly file: string
  readonly tests: CollectedTest[]
  readonly hooks: Readonly<Record<Moment, Hook[]>>
}
export interface CollectedTest {
  /** Unique in all files, and the same after each load and in each process: no value of a row is in it, for keys are made anew. */
  readonly id: string
  readonly name: string
  readonly file: CollectedFile
  readonly work: Work
}

let collecting: CollectedFile | undefined
let titles: readonly string[] = []

export const collectedFile = (file: string): CollectedFile => ({
  file,
  tests: [],
  hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] },
})

/** Runs `load`, which imports one test file, and gives what it declares to `into`. One at a time. */
export async function collectInto(into: CollectedFile, load: () => Promise<unknown>): Promise<void> {
  collecting = into
  titles = []
  await load()
  collecting = undefined
}

function here(): CollectedFile {
  if (collecting === undefined) throw new TypeError('a test was declared outside a test file')
  return collecting
}

function declare(title: string, work: Work, name = title): void {
  const file = here()
  const id = `${file.file}#${file.tests.length} ${[...titles, title].join(' > ')}`
  file.tests.push({ id, name: [...titles, name].join(' > '), file, work })
}

const named = (title: string, index: number, values: readonly unknown[]): string =>
  format(title.replaceAll('%#', String(index)), ...values).slice(0, 200)

/** `test.for` gives each row as it is, `test.each` spreads lists. */
const rows =
  (spread: boolean) =>
  (table: readonly unknown[]) =>
  (title: string, work: (...values: unknown[]) => unknown): void => {
    for (const [index, row] of table.entries()) {
      const values: readonly unknown[] = Array.isArray(row) ? row : [row]
      declare(title, (context) => (spread ? work(...values) : work(row, context)), named(title, index, values))
    }
  }

const plain = (title: string, work: Work): void => declare(title, work)
export const test = Object.assign(plain, {
  for: rows(false),
  each: rows(true),
  runIf: (condition: boolean) => (condition ? plain : () => undefined),
})

export function describe(title: string, body: () => void): void {
  const outside = titles
  titles = [...outside, title]
  body()
  titles = outside
}

const hook = (moment: Moment) => (work: Hook) => {
  here().hooks[moment].push(work)
}
export const beforeAll = hook('beforeAll')
export const afterAll = hook('afterAll')
export const beforeEach = hook('beforeEach')
export const afterEach = hook('afterEach')

type Assertions = Record<string, (...expected: unknown[]) => void>

/** `expect.poll` for these tests: asks until the answer fits, for two seconds. */
function poll(ask: () => unknown): unknown {
  return new Proxy(
    {},
    {
      get:
        (_, matcher: string) =>
        async (...expected: unknown[]) => {
          for (let attempt = 0; ; attempt += 1) {
            try {
              const assertion = realExpect(await ask()) as unknown as Assertions
              assertion[matcher]?.(...expected)
              return
            } catch (cause) {
              if (attempt >= 100) throw cause
              await new Promise((done) => setTimeout(done, 20))
            }
          }
        },
    },
  )
}
export const expect: typeof realExpect = Object.assign(
  ((...values: Parameters<typeof realExpect>) => realExpect(...values)) as typeof realExpect,
  realExpect,
  { poll },
)

/** Throws what the test throws, or what became of its hooks. */
export async function runCollected({ file, work }: CollectedTest): Promise<void> {
  const finished: Hook[] = []
  try {
    for (const before of file.hooks.beforeEach) await before()
    await work({ expect, onTestFinished: (late) => finished.push(late) })
  } finally {
    for (const late of [...finished, ...file.hooks.afterEach]) await late()
  }
}
