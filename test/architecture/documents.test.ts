/** Documentation that can fail: links lead somewhere, named tests exist, code blocks compile, every refusal is explained. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { findSources, ROOT, type Source } from './sources.ts'

let pages: readonly Source[] = []
beforeAll(async () => {
  const all = await findSources(['.'], ['.md'])
  pages = all.filter((one) => !one.path.includes('/fixtures/'))
})

const page = (path: string): string => pages.find((one) => one.path === path)?.text ?? ''
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/decisions/README.md']

describe('pages', () => {
  test.each([
    ...PAGES,
    'docs/guides/protect-an-api.md',
    'docs/guides/connect-a-mail-client.md',
    'docs/guides/introspection.md',
    'docs/guides/install.md',
    'docs/guides/server-to-server.md',
    'docs/guides/hybrid.md',
    'docs/threat-model/server-to-server.md',
    'packages/resource-server/README.md',
  ])('%s is there', (path) => {
    expect(page(path).length).toBeGreaterThan(500)
  })

  test('link to files that exist', () => {
    const dead = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target.replace(/#.*$/, ''))
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path} -> ${target}`),
    )
    expect(dead).toEqual([])
  })

  test('name scripts of package.json that exist', async () => {
    const [manifest] = (await findSources(['.'], ['package.json'])).filter((one) => one.path === 'package.json')
    const scripts = Object.keys(JSON.parse(manifest?.text ?? '{}').scripts)
    const builtIn = ['start', 'test', 'install', 'exec', 'run']
    const named = PAGES.flatMap((path) =>
      [...page(path).matchAll(/pnpm(?:@[\d.]+)? (?:run )?([a-z][a-z:]*)/g)].map(([, name = '']) => name),
    )
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !scripts.includes(name) && !builtIn.includes(name))).toEqual([])
  })
})

describe('SECURITY.md', () => {
  test('names a test for every promise, and each exists', () => {
    const promises = page('SECURITY.md')
      .split('\n')
      .filter((line) => /^\| .* \|$/.test(line) && /`(test|packages)\//.test(line))
    expect(promises.length).toBeGreaterThan(10)
    const named = promises.flatMap((line) => [...line.matchAll(/`((?:test|packages)\/[^`]+)`/g)].map(([, path = '']) => path))
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

describe('threat models', () => {
  test('name a test for every rule, and each exists; and say what does not hold', () => {
    const models = pages.filter((one) => one.path.startsWith('docs/threat-model/'))
    expect(models).not.toEqual([])
    for (const { path, text } of models) {
      const rules = text.split('\n').filter((line) => /^\| .* \|$/.test(line) && !line.startsWith('| Rule'))
      const tested = rules.map((line) => [...line.matchAll(/`((?:test|packages)\/[^`]+)`/g)].map(([, file = '']) => file))
      expect(tested.filter((files) => files.length === 0)).toEqual([])
      expect(tested.flat().filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
      expect(text, path).toContain('## What does not hold')
    }
  })
})

describe('decisions', () => {
  test('are all in the list, and say why, what else was looked at, and when we leave', () => {
    const files = pages.filter((one) => /^docs\/decisions\/\d{4}-/.test(one.path))
    expect(files.length).toBeGreaterThan(8)
    const list = page('docs/decisions/README.md')
    for (const { path, text } of files) {
      expect(list, path).toContain(`(${path.replace('docs/decisions/', '')})`)
      for (const part of ['**Decided.**', '**Why.**', '**Looked at.**']) expect(text, path).toContain(part)
    }
  })
})

describe('code blocks', () => {
  test('in TypeScript compile as they stand', async () => {
    const blocks = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ''], index) => ({ path, index, code })),
    )
    expect(blocks.map((one) => one.path)).toContain('README.md')
    const folder = await mkdtemp(join(tmpdir(), 'postern-code-blocks-'))
    try {
      // As a customer has it: the library by its name, the types of Node, nothing else.
      await mkdir(join(folder, 'node_modules/@postern'), { recursive: true })
      await symlink(join(ROOT, 'packages/resource-server'), join(folder, 'node_modules/@postern/resource-server'), 'dir')
      await symlink(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'), 'dir')
      const names = new Map(blocks.map(({ path, index }) => [`${path.replaceAll(/[^A-Za-z0-9]+/g, '-')}-${index}.ts`, path]))
      await Promise.all(blocks.map(({ code }, at) => writeFile(join(folder, [...names.keys()][at] ?? ''), code)))
      await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
      await writeFile(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: join(ROOT, 'tsconfig.base.json'), include: ['*.ts'] }),
      )
      const said = await new Promise<string>((done) => {
        const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
        execFile(process.execPath, [tsc, '-p', folder], { cwd: folder }, (_error, stdout) => done(stdout))
      })
      // Here the library is its own source, which its package checks; customers get declarations.
      const ours = said.split('\n').filter((line) => [...names.keys()].some((name) => line.startsWith(name)))
      expect(ours).toEqual([])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
