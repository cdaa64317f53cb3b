import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const packageRoot = fileURLToPath(new URL('..', import.meta.url))

/** What the compiler says about `code`, as if it were a file of this package, so that its imports go through `exports`. */
function complaintsAbout(code: string): readonly string[] {
  const { config } = ts.readConfigFile(`${packageRoot}../../tsconfig.base.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, packageRoot)
  const file = `${packageRoot}readme-example.ts`
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile: readFromDisk } = host
  host.fileExists = (path) => path === file || fileExists(path)
  host.readFile = (path) => (path === file ? code : readFromDisk(path))
  const program = ts.createProgram([file], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

const readme = await readFile(`${packageRoot}README.md`, 'utf8')
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((found) => found[1] ?? '')

test('the code in the README compiles', { timeout: 60_000 }, () => {
  expect(blocks.length).toBe(2)
  for (const block of blocks) expect(complaintsAbout(block), block).toEqual([])
})

test('the first API is protected in ten lines, and a wrong line would be seen', { timeout: 60_000 }, () => {
  const [first = ''] = blocks
  expect(first.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10)
  expect(complaintsAbout(first.replace('audience:', 'audiences:')).join()).toMatch(/audience/)
})
