/** The generated reference says what the code says, and no closed code is without its cause and remedy. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, expect, test } from 'vitest'
import { findSources, ROOT } from './sources.ts'

interface ClosedCodes {
  readonly type: string
  readonly codes: readonly string[]
}

/** Every type of the packages whose name says that it is a closed set of codes, its members worked out. */
async function findClosedCodes(): Promise<readonly ClosedCodes[]> {
  const sources = await findSources(['packages'], ['.ts'])
  const declared = sources.filter(
    (one) => !/\.test\.ts$|\/testing\//.test(one.path) && /^(export )?type \w*(Error|Problem|Refusal)Code\b/m.test(one.text),
  )
  const files = declared.map((one) => join(ROOT, one.path))
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
  const program = ts.createProgram(files, options)
  const checker = program.getTypeChecker()
  return files.flatMap((file) => {
    const types: ClosedCodes[] = []
    program.getSourceFile(file)?.forEachChild((node) => {
      if (!ts.isTypeAliasDeclaration(node) || !/(Error|Problem|Refusal)Code$/.test(node.name.text)) return
      const type = checker.getTypeAtLocation(node)
      const members = type.isUnion() ? type.types : [type]
      types.push({
        type: node.name.text,
        codes: members.map((one) => (one.isStringLiteral() ? one.value : checker.typeToString(one))),
      })
    })
    return types
  })
}

let closed: readonly ClosedCodes[] = []
beforeAll(async () => {
  closed = await findClosedCodes()
})

test('every closed set of codes was found and is closed', () => {
  expect(closed.map((one) => one.type)).toEqual(
    expect.arrayContaining([
      'TokenErrorCode',
      'ActorTokenErrorCode',
      'DelegationRefusalCode',
      'ConformanceErrorCode',
      'StartErrorCode',
    ]),
  )
  expect(closed.filter((one) => one.codes.includes('string'))).toEqual([])
})

test('docs/reference/errors.md has an entry with cause and remedy for every code', async () => {
  const page = await readFile(join(ROOT, 'docs/reference/errors.md'), 'utf8')
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const isExplained = (code: string) =>
    rows.some(([, name, cause = '', remedy = '']) => name === `\`${code}\`` && cause.length > 10 && remedy.length > 5)
  const missing = closed.flatMap(({ type, codes }) =>
    codes.filter((code) => !isExplained(code)).map((code) => `${type}: ${code}`),
  )
  expect(missing).toEqual([])
})

test('docs/reference is what the code says; otherwise run: pnpm generate', async () => {
  const said = await new Promise<string>((done) => {
    execFile(process.execPath, [join(ROOT, 'scripts/generate.ts'), '--check'], { cwd: ROOT }, (error, stdout, stderr) => {
      done(error === null ? 'up to date' : `${stdout}${stderr}`)
    })
  })
  expect(said).toBe('up to date')
})
