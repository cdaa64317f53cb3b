/** What servers ask of each other: every rule of every module has a target that breaks it, and is caught. */
import { describe, expect, test } from 'vitest'
import { type Finding, fileNameOf } from './conformance-module.ts'
import { modules } from './modules.ts'
import { renderJson } from './report/json-report.ts'
import { renderResult } from './report/terminal-report.ts'
import { type Report, runModules } from './runner.ts'
import { createTarget } from './target.ts'
import { CLIENT, startTarget } from './testing/breakable-target.ts'
import type { ServerFault } from './testing/server-faults.ts'

const mine = modules.filter(({ area }) => area === 'server-to-server')

async function runAgainst(faults: readonly ServerFault[], names?: readonly string[]): Promise<Report> {
  await using broken = await startTarget(...faults)
  const { issuer, resource, token, server } = broken
  const target = createTarget({ issuer, client: CLIENT, resource: { url: resource, token }, server })
  const chosen = mine.filter((one) => names === undefined || names.includes(fileNameOf(one)))
  // Awaited here: the target is closed when this returns.
  return await runModules(chosen, target, { clock: () => new Date() })
}

const findingsOf = (report: Report, verdict: Finding['verdict']) =>
  report.results.flatMap(({ findings }) => findings.filter((one) => one.verdict === verdict).map(({ expected }) => expected))

const catches: readonly (readonly [fault: ServerFault, ...modules: string[]])[] = [
  ['hides-its-document', 'names-one-place-to-ask-for-actor-tokens', 'names-a-concrete-realm'],
  ['publishes-no-keys', 'publishes-certificates-that-match-their-thumbprints', 'writes-actor-tokens-as-servers-read-them'],
  ['publishes-a-wrong-thumbprint', 'publishes-certificates-that-match-their-thumbprints'],
  ['publishes-a-key-twice', 'publishes-certificates-that-match-their-thumbprints'],
  ['publishes-what-is-no-certificate', 'publishes-certificates-that-match-their-thumbprints'],
  ['publishes-an-ended-certificate', 'publishes-certificates-that-match-their-thumbprints'],
  ['allows-every-realm', 'names-a-concrete-realm'],
  ['allows-no-audience', 'names-a-concrete-realm'],
  ['names-a-realm-of-everybody', 'names-a-concrete-realm'],
  ['names-two-places', 'names-one-place-to-ask-for-actor-tokens'],
  ['names-a-place-oddly', 'names-one-place-to-ask-for-actor-tokens'],
  ['hides-its-federation-metadata', 'names-the-same-certificates-in-its-federation-metadata'],
  ['breaks-its-xml', 'names-the-same-certificates-in-its-federation-metadata'],
  ['describes-somebody-else-in-xml', 'names-the-same-certificates-in-its-federation-metadata'],
  ['names-other-certificates-in-xml', 'names-the-same-certificates-in-its-federation-metadata'],
  ['gives-no-actor-tokens', 'takes-an-assertion-once', 'refuses-unsigned-assertions'],
  ['gives-no-jwt', 'writes-actor-tokens-as-servers-read-them'],
  ['signs-with-another-key', 'writes-actor-tokens-as-servers-read-them'],
  ['writes-another-header', 'writes-actor-tokens-as-servers-read-them'],
  ['writes-other-claims', 'writes-actor-tokens-as-servers-read-them'],
  ['lives-a-day', 'writes-actor-tokens-as-servers-read-them'],
  ['writes-numbers-to-servers', 'answers-with-strings-or-numbers-by-endpoint'],
  ['writes-text-to-everybody', 'answers-with-strings-or-numbers-by-endpoint'],
  ['contradicts-its-times', 'answers-with-strings-or-numbers-by-endpoint'],
  ['omits-what-it-is-for', 'answers-with-strings-or-numbers-by-endpoint'],
  ['invites-caches-of-servers', 'answers-with-strings-or-numbers-by-endpoint'],
  ['knows-one-name-of-the-grant-at-each-place', 'answers-with-strings-or-numbers-by-endpoint'],
  ['gives-servers-nothing-at-the-token-endpoint', 'answers-with-strings-or-numbers-by-endpoint'],
  ['tires-after-one-token', 'answers-with-strings-or-numbers-by-endpoint'],
  ['tires-after-one-token', 'takes-an-assertion-once'],
  ['wants-modern-assertions', 'takes-assertions-as-the-original-writes-them'],
  ['writes-the-error-last', 'refuses-servers-with-the-error-first'],
  ['writes-errors-as-text', 'refuses-servers-with-the-error-first'],
  ['breaks-on-rubbish', 'refuses-servers-with-the-error-first', 'refuses-unsigned-assertions'],
  ['names-errors-freely', 'refuses-servers-with-the-error-first', 'gives-no-token-for-an-unregistered-resource'],
  ['believes-unsigned-assertions', 'refuses-unsigned-assertions'],
  ['believes-secrets-from-certificates', 'refuses-unsigned-assertions'],
  ['takes-every-rsa-algorithm', 'refuses-unsigned-assertions'],
  ['trusts-certificates-in-tokens', 'refuses-keys-inside-an-assertion'],
  ['trusts-keys-in-tokens', 'refuses-keys-inside-an-assertion'],
  ['fetches-keys-that-tokens-name', 'refuses-keys-inside-an-assertion'],
  ['ignores-what-else-is-in-the-header', 'refuses-keys-inside-an-assertion'],
  ['ignores-signatures-of-servers', 'refuses-the-certificate-of-another', 'tells-nobody-which-servers-it-knows'],
  ['believes-strangers', 'refuses-the-certificate-of-another', 'tells-nobody-which-servers-it-knows'],
  ['takes-every-name', 'refuses-the-certificate-of-another'],
  ['tells-known-servers-apart', 'tells-nobody-which-servers-it-knows'],
  ['believes-every-time', 'refuses-assertions-that-live-too-long'],
  ['takes-every-audience', 'refuses-assertions-for-somebody-else'],
  ['takes-lists-of-audiences', 'refuses-assertions-for-somebody-else'],
  ['takes-every-realm', 'refuses-assertions-for-somebody-else'],
  ['takes-actor-tokens-in-assertions', 'refuses-assertions-for-somebody-else'],
  ['forgets-numbers', 'takes-an-assertion-once'],
  ['notes-numbers-late', 'takes-an-assertion-once'],
  ['breaks-on-second-use', 'takes-an-assertion-once'],
  ['gives-tokens-for-anything', 'gives-no-token-for-an-unregistered-resource'],
  ['ignores-further-parameters', 'gives-no-token-for-an-unregistered-resource'],
  ['acts-for-nobody', 'names-the-acting-server-in-tokens-for-people', 'widens-no-scope-for-an-acting-server'],
  ['asks-nobody-for-proof', 'acts-only-with-a-token-for-the-acting-server'],
  ['acts-without-a-token', 'acts-only-with-a-token-for-the-acting-server'],
  ['takes-tokens-for-others', 'acts-only-with-a-token-for-the-acting-server'],
  ['takes-actor-tokens-for-people', 'acts-only-with-a-token-for-the-acting-server'],
  ['believes-unsigned-people', 'acts-only-with-a-token-for-the-acting-server'],
  ['ignores-signatures-of-people', 'acts-only-with-a-token-for-the-acting-server'],
  ['believes-user-tokens', 'refuses-unsigned-user-tokens'],
  ['omits-the-actor', 'names-the-acting-server-in-tokens-for-people'],
  ['nests-the-actor', 'names-the-acting-server-in-tokens-for-people'],
  ['changes-the-person', 'names-the-acting-server-in-tokens-for-people'],
  ['tells-less-of-its-answers', 'names-the-acting-server-in-tokens-for-people'],
  ['acts-everywhere', 'widens-no-scope-for-an-acting-server'],
  ['gives-what-is-asked', 'widens-no-scope-for-an-acting-server'],
  ['adds-scopes', 'widens-no-scope-for-an-acting-server'],
  ['widens-by-default', 'widens-no-scope-for-an-acting-server'],
  ['widens-on-refresh', 'widens-no-scope-for-an-acting-server'],
  ['forgets-the-actor-on-refresh', 'widens-no-scope-for-an-acting-server'],
  ['takes-its-own-tokens-again', 'acts-only-with-a-token-for-the-acting-server', 'lets-nobody-act-by-a-token-of-acting'],
]

test('every module passes, and skips nothing, against a target that does everything right', async () => {
  const report = await runAgainst([])
  expect(report.results.filter(({ verdict }) => verdict !== 'pass').map((one) => renderResult(one))).toEqual([])
  expect(findingsOf(report, 'skip')).toEqual([])
  // The first letters of every JWT.
  expect(renderJson(report)).not.toMatch(/eyJ(?:hbGciOi|0eXAiOi|raWQiOi)/)
})

const caught = new Set<string>()

describe('between servers a broken target is caught', () => {
  test.each(catches.map(([fault, ...names]) => ({ fault, names })))('$fault', async ({ fault, names }) => {
    const report = await runAgainst([fault], names)
    const failed = report.results.filter(({ verdict }) => verdict === 'fail')
    expect(failed.map(({ name }) => name).sort()).toEqual([...names].sort())
    // It answered: what failed is a rule, and not the conversation.
    expect(failed.flatMap(({ findings }) => findings).filter(({ clause }) => clause === 'the kit')).toEqual([])
    for (const one of [...findingsOf(report, 'fail'), ...findingsOf(report, 'warn')]) caught.add(one)
  })

  test('at every single rule', async () => {
    const report = await runAgainst([])
    expect(findingsOf(report, 'pass').filter((rule) => !caught.has(rule))).toEqual([])
  })
})
