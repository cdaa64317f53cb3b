import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ConformanceModule, fileNameOf } from './conformance-module.ts'
import { modules } from './modules.ts'
import { renderJson } from './report/json-report.ts'
import { renderResult, renderSummary } from './report/terminal-report.ts'
import { runModules } from './runner.ts'
import { createTarget } from './target.ts'
import { CLIENT, type Fault, startTarget } from './testing/breakable-target.ts'

const clock = () => new Date('2026-05-04T10:00:00Z')

const runAgainst = async (
  faults: readonly Fault[],
  options: { readonly asStranger?: boolean; readonly only?: typeof modules } = {},
) => {
  await using broken = await startTarget(...faults)
  const known = options.asStranger
    ? {}
    : { client: CLIENT, resource: { url: broken.resource, token: broken.token }, server: broken.server }
  const target = createTarget({ issuer: broken.issuer, ...known })
  return { report: await runModules(options.only ?? here, target, { clock }), token: broken.token }
}

const namesWith = (report: Awaited<ReturnType<typeof runAgainst>>['report'], verdict: string) =>
  report.results.filter((one) => one.verdict === verdict).map((one) => one.name)

/** Every fault, and the modules that must catch it; no other module may fail. */
const catches: readonly (readonly [fault: Fault, ...modules: string[]])[] = [
  ['names-another-issuer', 'names-itself-exactly-in-its-metadata'],
  ['offers-plain-pkce', 'advertises-only-s256-for-pkce'],
  ['shows-a-private-key', 'publishes-only-strong-signing-keys'],
  ['has-a-weak-key', 'publishes-only-strong-signing-keys'],
  ['redirects-strangers', 'refuses-an-unknown-client-without-redirecting', 'refuses-a-foreign-redirect-address'],
  ['redirects-anywhere', 'refuses-a-foreign-redirect-address'],
  ['offers-implicit', 'refuses-the-implicit-flow'],
  ['grants-implicit', 'refuses-the-implicit-flow'],
  ['accepts-plain-pkce', 'refuses-pkce-in-the-plain'],
  ['judges-passwords', 'refuses-the-password-grant'],
  ['takes-the-first-duplicate', 'refuses-duplicate-parameters'],
  ['omits-iss', 'names-itself-in-authorization-responses'],
  ['answers-errors-in-html', 'answers-token-errors-as-the-standard-says'],
  ['invites-caches', 'forbids-caching-of-token-answers'],
  ['introspects-for-all', 'keeps-introspection-to-known-callers'],
  ['calls-an-empty-bearer-an-error', 'challenges-an-empty-bearer-without-an-error'],
  ['ignores-signatures', 'refuses-a-tampered-token', 'refuses-an-unsigned-token', 'refuses-a-token-signed-by-anyone-else'],
  ['believes-alg-none', 'refuses-an-unsigned-token'],
  ['believes-keys-in-tokens', 'refuses-a-token-signed-by-anyone-else'],
  ['confuses-keys', 'refuses-a-token-signed-by-anyone-else'],
  ['takes-tokens-from-the-address', 'accepts-no-token-in-the-address'],
  ['describes-another-resource', 'describes-itself-consistently'],
]

const isNamed = (one: ConformanceModule) => catches.some(([, ...names]) => names.includes(fileNameOf(one)))
/** What this small target can tell right from wrong. Each other room has a target and a test of its own beside it. */
const forPeople = modules.filter(isNamed)
const here = modules.filter((one) => isNamed(one) || one.area === 'server-to-server')

describe('against a target that does everything right', () => {
  test('every module passes', async () => {
    const { report } = await runAgainst([])
    const disturbed = report.results.filter((one) => one.verdict !== 'pass')
    expect(disturbed.map((one) => renderResult(one))).toEqual([])
    expect(renderSummary(report)).toBe(`${here.length} modules: ${here.length} passed, 0 with warnings, 0 failed, 0 skipped`)
  })

  test('what needs a client or a token says that it was not tried', async () => {
    const { report } = await runAgainst([], { asStranger: true })
    expect(namesWith(report, 'fail')).toEqual([])
    expect(namesWith(report, 'skip')).toContain('refuses-a-tampered-token')
    expect(namesWith(report, 'skip')).toContain('refuses-pkce-in-the-plain')
  })

  test('no report holds the token', async () => {
    const { report, token } = await runAgainst([])
    const [, payload, signature] = token.split('.')
    expect(renderJson(report)).not.toContain(signature)
    expect(renderJson(report)).not.toContain(payload)
  })
})

describe('against a broken target', () => {
  test.each(catches.map(([fault, ...names]) => ({ fault, names })))(
    '$fault is caught by exactly its modules',
    async ({ fault, names }) => {
      const { report } = await runAgainst([fault], { only: forPeople })
      expect(namesWith(report, 'fail').sort()).toEqual([...names].sort())
    },
  )

  test('a token answer that merely forgets no-store is a warning', async () => {
    const { report } = await runAgainst(['forgets-no-store'], { only: forPeople })
    expect(namesWith(report, 'warn')).toEqual(['forbids-caching-of-token-answers'])
    expect(namesWith(report, 'fail')).toEqual([])
  })

  test('a target that hangs up fails every module, and the kit goes on to the end', async () => {
    const { report } = await runAgainst(['says-nothing'])
    expect(report.results).toHaveLength(here.length)
    expect(report.counts.fail).toBe(here.length)
  })
})

test('the folders are the statement: file names are the claims of the tables, none missing', async () => {
  const files = await readdir(new URL('modules/', import.meta.url), { recursive: true })
  const tables = /^([a-z-]+)\/\1\.ts$/
  const claims = files.filter((file) => file.endsWith('.ts') && !tables.test(file)).map((file) => basename(file, '.ts'))
  expect(claims.sort()).toEqual(modules.map(fileNameOf).sort())
})

test('no two modules have one name', () => {
  const names = modules.map(fileNameOf)
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
})

test.each([
  ['not a url', 'target_invalid'],
  ['http://issuer.example', 'target_invalid'],
  ['ftp://localhost/', 'target_invalid'],
])('an issuer that may not be tested is refused: %s', (issuer, code) => {
  expect(() => createTarget({ issuer })).toThrow(expect.objectContaining({ code }))
})
