import { existsSync, globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { MUTATION_GROUPS } from './mutation-groups.ts'

const source = fileURLToPath(new URL('../packages/resource-server/src', import.meta.url))

/** Only types, names or exports: nothing in them can go wrong in two ways. */
const withoutDecisions = [
  'clock',
  'index',
  'client/client',
  'legacy-auth/legacy-auth-contract',
  'revocations/revocations-contract',
  'server-to-server/actor-token-contract',
]

test('each file of the library is in one group, and each named file is there', () => {
  const groups = Object.values(MUTATION_GROUPS)
  const named = groups.flatMap(({ mutate }) => mutate)
  const there = globSync('**/*.ts', { cwd: source })
    .filter((file) => !/^testing\/|\.(test|fuzz)\.ts$/.test(file))
    .map((file) => file.slice(0, -'.ts'.length))
  expect(named.toSorted()).toEqual(there.filter((file) => !withoutDecisions.includes(file)).toSorted())
  for (const test of groups.flatMap(({ tests }) => tests))
    expect([test, existsSync(`${source}/${test}.test.ts`)]).toEqual([test, true])
})
