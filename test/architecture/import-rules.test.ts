/**
 * Proves that the import rules bind: each fires on a planted violation, stays quiet on a near miss, and a run over the
 * real tree sees the whole house and finds nothing.
 */
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPlantedHouse, plants } from './planted-violations.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDERS = ['packages', 'examples', 'test', 'bench', 'scripts']

interface Cruised {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly { readonly resolved: string }[] }[]
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }[]
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] }
  }
}

/** Runs the cruiser as `pnpm check` does, so that what is proved is what runs. It exits with the number of violations. */
const cruise = (folder: string, folders: readonly string[]) =>
  new Promise<Cruised>((done, failed) => {
    const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
    const options = ['--config', join(ROOT, '.dependency-cruiser.mjs'), '--output-type', 'json', ...folders]
    execFile(process.execPath, [program, ...options], { cwd: folder, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (stdout.startsWith('{')) done(JSON.parse(stdout))
      else failed(new TypeError(`dependency-cruiser said nothing: ${stderr}`, { cause: error }))
    })
  })

describe('planted violations', () => {
  let root = ''
  let planted: Cruised
  beforeAll(async () => {
    root = await buildPlantedHouse()
    planted = await cruise(root, ['packages', 'examples', 'test', 'bench'])
  })
  afterAll(() => rm(root, { recursive: true, force: true }))

  test.each(plants)('$file breaks exactly: $breaks', ({ file, breaks }) => {
    const fired = planted.summary.violations.filter((one) => one.from === file).map((one) => one.rule.name)
    expect([...new Set(fired)].sort()).toEqual([...breaks].sort())
  })

  test('every rule has a plant that it catches', () => {
    const caught = new Set(planted.summary.violations.map((one) => one.rule.name))
    expect(planted.summary.ruleSetUsed.forbidden.map((one) => one.name).filter((name) => !caught.has(name))).toEqual([])
  })
})

describe('the real tree', () => {
  let real: Cruised
  beforeAll(async () => {
    real = await cruise(ROOT, FOLDERS)
  })

  test('breaks no rule', () => {
    expect(real.summary.violations.map((one) => `${one.rule.name}: ${one.from} -> ${one.to}`)).toEqual([])
  })

  test('was really looked at: an unknown TypeScript makes the cruiser see no module and pass', () => {
    expect(real.modules.length).toBeGreaterThan(100)
    for (const name of ['storage', 'mfa', 'sts', 'resource-server', 'conformance']) {
      const seen = real.modules.filter((one) => one.source.startsWith(`packages/${name}/src/`))
      expect(seen.length, `modules of ${name}`).toBeGreaterThan(5)
    }
  })

  test('shows foreign packages where the rules look for them', () => {
    const resolved = new Set(real.modules.flatMap((one) => one.dependencies.map((dependency) => dependency.resolved)))
    for (const name of ['oidc-provider', 'kysely', 'pg', 'jose']) {
      expect(
        [...resolved].some((path) => path.includes(`node_modules/${name}/`)),
        `${name} is imported somewhere`,
      ).toBe(true)
    }
  })
})
