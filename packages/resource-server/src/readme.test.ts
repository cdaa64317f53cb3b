import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const packageRoot = fileURLToPath(new URL('..', import.meta.url))

/** What the compiler says about `codes`, as if each were a file of this package, so that their imports go through `exports`. */
function complaintsAbout(...codes: readonly string[]): readonly string[] {
  const { config } = ts.readConfigFile(`${packageRoot}../../tsconfig.base.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, packageRoot)
  const files = new Map(codes.map((code, at) => [`${packageRoot}readme-example-${at + 1}.ts`, code]))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile: readFromDisk } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path) ?? readFromDisk(path)
  const program = ts.createProgram([...files.keys()], options, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

const readme = await readFile(`${packageRoot}README.md`, 'utf8')
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((found) => found[1] ?? '')

test('the code in the README compiles', { timeout: 60_000 }, () => {
  expect(blocks.length).toBeGreaterThanOrEqual(4)
  expect(complaintsAbout(...blocks)).toEqual([])
})

test('the first API is protected in ten lines, and a wrong line would be seen', { timeout: 60_000 }, () => {
  const [first = ''] = blocks
  expect(first.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10)
  expect(complaintsAbout(first.replace('audience:', 'audiences:')).join()).toMatch(/audience/)
})
