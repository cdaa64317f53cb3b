import { expect, test } from 'vitest'
import { aptArguments, describeMissing, missingPrograms, SERVER_PROGRAMS } from './server-programs.ts'

const architectures = ['x86_64-linux-gnu']

test('where every program is, nothing is missing and nothing is said', () => {
  const missing = missingPrograms({ exists: () => true, architectures })
  expect(missing).toEqual([])
  expect(describeMissing(missing)).toBe('')
})

test('every program that is missing is named with its package and the way to get it', () => {
  const missing = missingPrograms({ exists: () => false, architectures })
  expect(missing).toEqual(SERVER_PROGRAMS)
  const said = describeMissing(missing)
  for (const { name, debianPackage } of SERVER_PROGRAMS) {
    expect(said).toContain(name)
    expect(aptArguments(missing)).toContain(debianPackage)
  }
  expect(said).toContain('pnpm test:servers --install')
})

test('a file of any architecture will do', () => {
  const cjson = '/usr/lib/x86_64-linux-gnu/lua/5.4/cjson.so'
  const missing = missingPrograms({ exists: (file) => file === cjson, architectures })
  expect(missing.map(({ debianPackage }) => debianPackage)).not.toContain('lua-cjson')
})
