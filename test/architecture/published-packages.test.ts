/** What is published is built and looked at: pnpm passes over a package that lacks a script, and says nothing. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from './sources.ts'

/** The run-time dependencies that each may have (ARCHITECTURE.md). */
const PUBLISHED = { 'resource-server': ['jose'], conformance: ['commander', 'jose', 'yaml'] } as const

const readManifest = async (name: string) => JSON.parse(await readFile(join(ROOT, 'packages', name, 'package.json'), 'utf8'))

describe.each(Object.entries(PUBLISHED))('%s', (name, dependencies) => {
  test('has a build and a check of its published form', async () => {
    const { scripts = {} } = await readManifest(name)
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['build', 'check:package']))
    for (const tool of ['publint', 'attw']) expect(scripts['check:package']).toContain(tool)
  })

  test('publishes plain JavaScript with types for every entry, and nothing else', async () => {
    const manifest = await readManifest(name)
    // Tools read a package's manifest through its exports.
    const { './package.json': _own, ...published } = manifest.publishConfig?.exports ?? {}
    // What tests of this repository use of each other stays here.
    const { './testing': _testing, ...entries } = manifest.exports
    expect(Object.keys(published).sort()).toEqual(Object.keys(entries).sort())
    for (const entry of Object.values<{ types?: string; default?: string }>(published)) {
      expect(entry.types).toMatch(/^\.\/dist\/.*\.d\.ts$/)
      expect(entry.default).toMatch(/^\.\/dist\/.*\.js$/)
    }
    expect(manifest.files).toContain('dist')
    expect(manifest.files).not.toContain('src')
    expect(existsSync(join(ROOT, 'packages', name, 'README.md'))).toBe(true)
  })

  test(`depends on ${dependencies.join(' and ')} only`, async () => {
    expect(Object.keys((await readManifest(name)).dependencies ?? {}).sort()).toEqual([...dependencies])
  })
})
