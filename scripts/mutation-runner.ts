/**
 * A test runner for Stryker that imports the tests once and then tries thousands of mutants on what is loaded: a mutant costs
 * milliseconds, where starting vitest again costs seconds.
 *
 * Runs inside Stryker's worker processes, below a copy of a package. It owns loading, reloading and the verdict. A test that fails is
 * run again without the mutant: when it fails then too, the mutant has damaged what is loaded, so everything is loaded
 * afresh and the mutant is tried once more. What is tested by what: scripts/mutation-groups.ts.
 */
import crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes, syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type CollectedFile, type CollectedTest, collectedFile, collectInto, runCollected } from './mutation-tests.ts'

/** The parts of Stryker's contract (@stryker-mutator/api/test-runner) that are used here. */
interface MutantRun {
  readonly activeMutant: { readonly id: string }
  readonly testFilter?: readonly string[]
  readonly hitLimit?: number
  readonly mutantActivation: 'runtime' | 'static'
}
type MutantResult =
  | { status: 'killed'; killedBy: string[]; failureMessage: string; nrOfTests: number }
  | { status: 'survived'; nrOfTests: number }
  | { status: 'timeout'; reason: string }
  | { status: 'error'; errorMessage: string }
interface Coverage {
  static: Record<string, number>
  perTest: Record<string, Record<string, number>>
}
/** What Stryker's instrumented code reads and counts. */
interface Instrumented {
  activeMutant?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  currentTestId?: string | undefined
  mutantCoverage?: Coverage
}
type Failure = { readonly test: CollectedTest; readonly kind: 'failed' | 'timeout'; readonly message: string }

/** How long one test may take, in milliseconds, on a machine that is busy with others. The slowest here takes a tenth. */
const TEST_LIMIT = 6000
/** For a test whose time is known: many mutants make a test wait for ever, and each would cost the whole limit. */
const limitOf = (usual: number | undefined): number =>
  usual === undefined ? TEST_LIMIT : Math.min(Math.max(usual * 50, 2000), TEST_LIMIT)
/** How long loading all tests of a group may take. */
const LOAD_LIMIT = 50_000
const SHIM = new URL('./mutation-tests.ts', import.meta.url).href
const ROOT = `${pathToFileURL(process.cwd()).href}/`

let generation = 0
/** Without types: they are taken away once for all loads. */
const sources = new Map<string, string>()
registerHooks({
  resolve(specifier, context, next) {
    const inside = context.parentURL?.startsWith(ROOT) === true
    if (specifier === 'vitest' && inside) return { url: SHIM, shortCircuit: true }
    const found = next(specifier, context)
    const ours = found.url.startsWith(`${ROOT}src/`) && found.url.endsWith('.ts')
    return ours ? { ...found, url: `${found.url}?${generation}` } : found
  },
  load(url, context, next) {
    const [file = ''] = url.split('?')
    if (file === url) return next(url, context)
    const source = sources.get(file) ?? stripTypeScriptTypes(readFileSync(fileURLToPath(file), 'utf8'))
    sources.set(file, source)
    return { format: 'module', source, shortCircuit: true }
  },
})

/** Keys of tests cost more than the tests. The n-th key after a load is the n-th key after every load. */
let taken = 0
const generateKeyPair = crypto.generateKeyPairSync as (...asked: unknown[]) => unknown
const known = new Map<string, unknown>()
Object.assign(crypto, {
  generateKeyPairSync: (...asked: unknown[]) => {
    const name = `${taken} ${JSON.stringify(asked)}`
    taken += 1
    const made = known.get(name) ?? generateKeyPair(...asked)
    known.set(name, made)
    return made
  },
})
syncBuiltinESMExports()

const instrumented: Instrumented = {}
Object.assign(globalThis, { __stryker__: instrumented })

let stray: string | undefined
for (const event of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(event, (cause: unknown) => {
    stray ??= messageOf(cause)
  })

const messageOf = (cause: unknown): string =>
  (cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)).slice(0, 500)

class TookTooLong extends Error {}

async function withinLimit(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong('took too long')), milliseconds)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

class InProcessRunner {
  /** Empty: to be loaded before the next run. */
  #files: readonly CollectedFile[] = []
  #takenAtLoad = 0
  /** How long each test has taken at most, in milliseconds, where it went well. */
  readonly #usual = new Map<string, number>()

  capabilities() {
    return { reloadEnvironment: true }
  }

  async init(): Promise<void> {
    process.env.NODE_ENV = 'test'
  }

  /** Loads all tests of the group. @throws whatever loading throws */
  async #load(): Promise<void> {
    generation += 1
    taken = 0
    this.#files = []
    const files: CollectedFile[] = []
    const names = (process.env.POSTERN_MUTATION_TESTS ?? '').split(' ')
    for (const name of names) {
      const file = collectedFile(name)
      await collectInto(file, () => import(pathToFileURL(join(process.cwd(), name)).href))
      files.push(file)
    }
    this.#files = files
    this.#takenAtLoad = taken
  }

  /** Runs tests until the first that fails. `seen` is told of each that went well. */
  async #run(
    wanted: (test: CollectedTest) => boolean,
    seen?: (test: CollectedTest, ms: number) => void,
  ): Promise<Failure | undefined> {
    taken = this.#takenAtLoad
    for (const file of this.#files) {
      const tests = file.tests.filter(wanted)
      const [first] = tests
      if (first === undefined) continue
      const before = await this.#try(first, async () => {
        for (const hook of file.hooks.beforeAll) await hook()
      })
      let failure = before
      for (const test of failure === undefined ? tests : []) {
        const started = performance.now()
        instrumented.currentTestId = test.id
        failure = await this.#try(test, () => runCollected(test), limitOf(this.#usual.get(test.id)))
        instrumented.currentTestId = undefined
        if (failure !== undefined) break
        const took = performance.now() - started
        this.#usual.set(test.id, Math.max(this.#usual.get(test.id) ?? 0, took))
        seen?.(test, took)
      }
      const after = await this.#try(first, async () => {
        for (const hook of file.hooks.afterAll) await hook()
      })
      if (failure !== undefined) return failure
      if (after !== undefined) return after
    }
    return undefined
  }

  async #try(test: CollectedTest, work: () => Promise<void>, limit = TEST_LIMIT): Promise<Failure | undefined> {
    stray = undefined
    try {
      await withinLimit(work(), limit)
    } catch (cause) {
      return { test, kind: cause instanceof TookTooLong ? 'timeout' : 'failed', message: `${test.name}: ${messageOf(cause)}` }
    }
    return stray === undefined ? undefined : { test, kind: 'failed', message: `${test.name}: ${stray}` }
  }

  async dryRun() {
    instrumented.activeMutant = undefined
    delete instrumented.mutantCoverage
    const tests: { id: string; name: string; status: 0; timeSpentMs: number }[] = []
    try {
      await this.#load()
    } catch (cause) {
      return { status: 'error', errorMessage: `loading failed: ${messageOf(cause)}` }
    }
    const failure = await this.#run(
      () => true,
      (test, ms) => tests.push({ id: test.id, name: test.id, status: 0, timeSpentMs: Math.ceil(ms) }),
    )
    if (failure !== undefined) return { status: 'error', errorMessage: `without any mutant: ${failure.message}` }
    return { status: 'complete', tests, mutantCoverage: instrumented.mutantCoverage ?? { static: {}, perTest: {} } }
  }

  async mutantRun(asked: MutantRun): Promise<MutantResult> {
    if (this.#files.length === 0) await this.#load()
    const here = new Set(this.#files.flatMap(({ tests }) => tests.map(({ id }) => id)))
    const missing = asked.testFilter?.find((id) => !here.has(id))
    // A mutant that a test cannot be found for would survive unseen.
    if (missing !== undefined) throw new TypeError(`no such test: ${missing}`)
    const first = await this.#tryMutant(asked)
    if (first.fresh || first.result.status === 'survived') return first.result
    // Only a test that passes without the mutant has judged the mutant.
    const judge = first.judge
    if (judge !== undefined && (await this.#run((test) => test === judge)) === undefined) return first.result
    await this.#load()
    const again = await this.#tryMutant(asked)
    this.#files = []
    return again.result
  }

  /** `fresh`: everything was loaded for this mutant, so nothing else can have failed the test. */
  async #tryMutant(asked: MutantRun): Promise<{ result: MutantResult; fresh: boolean; judge?: CollectedTest }> {
    const fresh = asked.mutantActivation === 'static'
    instrumented.hitCount = asked.hitLimit === undefined ? undefined : 0
    instrumented.hitLimit = asked.hitLimit
    instrumented.activeMutant = asked.activeMutant.id
    let failure: Failure | undefined
    let loadFailure: string | undefined
    let count = 0
    try {
      if (fresh) await withinLimit(this.#load(), LOAD_LIMIT)
      const filter = asked.testFilter === undefined ? undefined : new Set(asked.testFilter)
      failure = await this.#run(
        ({ id }) => filter?.has(id) ?? true,
        () => (count += 1),
      )
    } catch (cause) {
      loadFailure = `loading failed: ${messageOf(cause)}`
    }
    instrumented.activeMutant = undefined
    const hits = instrumented.hitCount ?? 0
    instrumented.hitLimit = undefined
    if (fresh) this.#files = []
    if (asked.hitLimit !== undefined && hits > asked.hitLimit)
      return {
        fresh,
        result: { status: 'timeout', reason: `hit limit reached (${hits}/${asked.hitLimit})` },
        ...withJudge(failure),
      }
    if (loadFailure !== undefined)
      return { fresh, result: { status: 'killed', killedBy: ['load'], failureMessage: loadFailure, nrOfTests: count } }
    if (failure === undefined) return { fresh, result: { status: 'survived', nrOfTests: count } }
    const { kind, message, test } = failure
    const result: MutantResult =
      kind === 'timeout'
        ? { status: 'timeout', reason: message }
        : { status: 'killed', killedBy: [test.id], failureMessage: message, nrOfTests: count + 1 }
    return { fresh, result, judge: test }
  }
}

const withJudge = (failure: Failure | undefined) => (failure === undefined ? {} : { judge: failure.test })

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: InProcessRunner }]
