/** Proves that the lint rules of our own, and those that the house leans on, fire on planted code and spare what is allowed. */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from './sources.ts'

/** Line by line: what it says, and the rule that must find it. */
const PLANTED = [
  ['export const a = Date.now()', 'plugin'],
  ['export const b = new Date()', 'plugin'],
  ['export const c = Math.random()', 'plugin'],
  ["export const d = () => { throw new Error('x') }", 'plugin'],
  ['export const e: any = 1', 'lint/suspicious/noExplicitAny'],
  ['export enum F { One }', 'lint/style/noEnum'],
  ['const g = async () => 1; g()', 'lint/nursery/noFloatingPromises'],
  ["export const h = () => { throw 'x' }", 'lint/style/useThrowOnlyError'],
] as const
const ALLOWED = [
  'export const a = (milliseconds: number) => new Date(milliseconds)',
  "export const b = () => { throw new TypeError('misuse') }",
  'export const c: () => number = Date.now',
]
const PLUGIN_LINES = PLANTED.filter(([, rule]) => rule === 'plugin').map(([line]) => line)

interface Diagnostic {
  readonly category: string
  readonly location: { readonly path: string; readonly start: { readonly line: number } }
}

let found: readonly Diagnostic[] = []
let folder = ''
const files: Readonly<Record<string, string>> = {
  'packages/sts/src/realms/planted.ts': PLANTED.map(([line]) => line).join('\n'),
  'packages/sts/src/realms/allowed.ts': ALLOWED.join('\n'),
  'packages/sts/src/main.ts': PLUGIN_LINES.join('\n'),
  'packages/sts/src/clock.ts': PLUGIN_LINES.join('\n'),
  'packages/sts/src/realms/realms.test.ts': PLUGIN_LINES.join('\n'),
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-lint-'))
  await copyFile(join(ROOT, 'biome.json'), join(folder, 'biome.json'))
  await copyFile(join(ROOT, 'house.grit'), join(folder, 'house.grit'))
  await copyFile(join(ROOT, '.gitignore'), join(folder, '.gitignore'))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), `${text}\n`)
  }
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const said = await new Promise<string>((done) => {
    execFile(
      process.execPath,
      [biome, 'lint', '--reporter=json', '--max-diagnostics=200', '.'],
      { cwd: folder },
      (_error, stdout) => done(stdout),
    )
  })
  const report: { diagnostics: readonly Diagnostic[] } = JSON.parse(said)
  found = report.diagnostics
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const rulesIn = (path: string, line?: number) =>
  found
    .filter((one) => one.location.path.endsWith(path) && (line === undefined || one.location.start.line === line))
    .map((one) => one.category)

test.each(PLANTED.map(([line, rule], index) => ({ line, rule, index })))('$rule finds: $line', ({ rule, index }) => {
  expect(rulesIn('planted.ts', index + 1)).toContain(rule)
})

test('what is allowed stays allowed', () => {
  expect(rulesIn('allowed.ts')).toEqual([])
})

test.each(['src/main.ts', 'src/clock.ts', 'realms.test.ts'])('%s may read the clock', (path) => {
  expect(rulesIn(path).filter((rule) => rule === 'plugin')).toEqual([])
})
