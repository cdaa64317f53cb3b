/** The safety of issuers: every rule of every module has an issuer that breaks it, and is caught. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Finding, fileNameOf } from './conformance-module.ts'
import { issuerModules } from './modules/issuer/issuer.ts'
import { renderResult } from './report/terminal-report.ts'
import { type Report, runModules } from './runner.ts'
import { createTarget } from './target.ts'
import type { IssuerFault } from './testing/issuer-faults.ts'
import { startIssuer } from './testing/issuer-faults-server.ts'

async function runAgainst(faults: readonly IssuerFault[], names?: readonly string[]): Promise<Report> {
  await using broken = await startIssuer(...faults)
  const target = createTarget(broken.options)
  const chosen = issuerModules.filter((one) => names === undefined || names.includes(fileNameOf(one)))
  // Awaited here: the issuer is closed when this returns.
  return await runModules(chosen, target, { clock: () => new Date() })
}

const rulesOf = ({ results }: Report, ...verdicts: readonly Finding['verdict'][]): readonly string[] =>
  results.flatMap(({ name, findings }) =>
    findings
      .filter(({ verdict }) => verdicts.includes(verdict))
      .map(({ expected }) => `${name}: ${expected.replaceAll(/:\d{2,5}\b/g, '')}`),
  )

const catches: readonly (readonly [fault: IssuerFault, ...modules: string[]])[] = [
  ['describes-itself-oddly', 'names-itself-exactly-in-its-metadata'],
  ['publishes-no-keys', 'publishes-only-strong-signing-keys'],
  ['shows-its-private-key', 'publishes-only-strong-signing-keys'],
  ['publishes-a-short-key', 'publishes-only-strong-signing-keys'],
  ['publishes-a-broken-key', 'publishes-only-strong-signing-keys'],
  ['knows-no-client', 'signs-people-in-for-the-clients-that-it-is-tested-with'],
  ['refuses-every-client', 'signs-people-in-for-the-clients-that-it-is-tested-with'],
  ['redirects-strangers', 'refuses-an-unknown-client-without-redirecting'],
  ['hands-out-tokens-at-once', 'refuses-the-implicit-flow'],
  ['omits-iss-beside-errors', 'names-itself-in-authorization-responses'],
  ['judges-passwords', 'refuses-the-password-grant'],
  ['writes-odd-errors', 'answers-token-errors-as-the-standard-says'],
  ['writes-its-twin-in-html', 'says-the-same-at-both-addresses'],
  ['contradicts-its-twin', 'says-the-same-at-both-addresses'],
  ['names-addresses-that-do-not-answer', 'answers-wherever-it-says-so'],
  [
    'offers-everything-weak',
    'offers-no-weak-way',
    'advertises-only-s256-for-pkce',
    'publishes-only-strong-signing-keys',
    'refuses-the-implicit-flow',
    'refuses-the-password-grant',
  ],
  ['believes-headers-about-its-host', 'takes-its-address-from-no-header'],
  ['breaks-on-headers-about-its-host', 'takes-its-address-from-no-header'],
  ['redirects-anywhere', 'compares-redirect-addresses-exactly', 'refuses-a-foreign-redirect-address'],
  ['compares-ports-on-loopback', 'lets-clients-on-loopback-choose-their-port'],
  ['follows-parameters', 'sends-nobody-where-a-parameter-says'],
  ['needs-no-pkce', 'requires-pkce-of-public-clients', 'refuses-pkce-in-the-plain'],
  ['gives-everybody-client-credentials', 'keeps-grants-to-clients-that-have-them'],
  ['knows-every-grant', 'keeps-grants-to-clients-that-have-them'],
  ['takes-the-first-duplicate', 'refuses-duplicate-parameters'],
  ['omits-iss-beside-codes', 'names-itself-beside-every-code'],
  ['may-be-framed', 'lets-nobody-frame-its-pages'],
  ['opens-itself-to-scripts', 'lets-no-foreign-script-read-its-authorization-endpoint'],
  ['has-careless-pages', 'leaks-nothing-by-the-referrer'],
  ['repeats-markup', 'escapes-what-it-repeats'],
  ['repeats-markup-in-redirects', 'escapes-what-it-repeats'],
  ['repeats-quotes', 'escapes-what-it-repeats'],
  ['breaks-on-markup', 'escapes-what-it-repeats'],
  ['redirects-credentials-by-307', 'sends-credentials-on-to-nobody'],
  ['lets-nobody-in', 'sends-credentials-on-to-nobody'],
  ['ignores-verifiers', 'checks-the-code-verifier'],
  ['refuses-every-verifier', 'checks-the-code-verifier'],
  ['redeems-codes-twice', 'redeems-no-code-twice'],
  ['breaks-on-used-codes', 'redeems-no-code-twice'],
  ['gives-codes-to-any-client', 'binds-a-code-to-its-client'],
  ['ignores-the-redirect-address-of-a-code', 'binds-a-code-to-its-redirect-address'],
  ['keeps-codes-for-ever', 'ends-codes-within-ten-minutes'],
  [
    'refuses-refreshes',
    'rotates-refresh-tokens-of-public-clients',
    'leaves-one-successor-of-parallel-refreshes',
    'binds-tokens-to-the-key-that-asked',
  ],
  ['gives-no-next-refresh-token', 'leaves-one-successor-of-parallel-refreshes'],
  ['never-rotates', 'rotates-refresh-tokens-of-public-clients', 'leaves-one-successor-of-parallel-refreshes'],
  ['forgets-rotation', 'rotates-refresh-tokens-of-public-clients', 'leaves-one-successor-of-parallel-refreshes'],
  ['breaks-on-used-refresh-tokens', 'leaves-one-successor-of-parallel-refreshes'],
  ['widens-on-refresh', 'widens-no-scope-on-refresh'],
  ['never-narrows', 'widens-no-scope-on-refresh'],
  ['gives-refreshes-to-any-client', 'binds-a-refresh-token-to-its-client'],
  ['takes-any-resource', 'gives-tokens-for-known-resources-alone'],
  ['takes-anything-for-anything', 'takes-each-token-in-its-own-place-alone'],
  ['omits-claims', 'writes-access-tokens-as-rfc-9068-says'],
  ['names-clients-as-people', 'writes-access-tokens-as-rfc-9068-says'],
  ['signs-by-a-secret', 'writes-access-tokens-as-rfc-9068-says'],
  ['lets-tokens-be-cached', 'forbids-caching-wherever-a-token-is', 'forbids-caching-of-token-answers'],
  [
    'believes-every-client',
    'keeps-introspection-to-known-callers',
    'asks-confidential-clients-for-proof-everywhere',
    'takes-only-the-registered-proof-of-a-client',
    'judges-client-assertions-strictly',
  ],
  [
    'believes-no-client',
    'asks-confidential-clients-for-proof-everywhere',
    'takes-only-the-registered-proof-of-a-client',
    'judges-client-assertions-strictly',
    'takes-a-client-assertion-once',
  ],
  ['forgets-assertions', 'takes-a-client-assertion-once'],
  ['breaks-on-used-assertions', 'takes-a-client-assertion-once'],
  ['tells-unknown-clients-apart', 'answers-unknown-clients-like-wrong-secrets'],
  ['revokes-nothing', 'ends-a-family-by-revocation', 'says-only-inactive-of-dead-tokens'],
  ['errs-on-revocation', 'ends-a-family-by-revocation', 'tells-nothing-by-revocation'],
  ['revokes-for-others', 'tells-nothing-by-revocation'],
  ['says-more-of-dead-tokens', 'says-only-inactive-of-dead-tokens', 'says-only-inactive-of-expired-tokens'],
  ['knows-no-token', 'says-only-inactive-of-dead-tokens'],
  ['keeps-tokens-for-ever', 'says-only-inactive-of-expired-tokens'],
  ['gives-tokens-for-a-year', 'says-only-inactive-of-expired-tokens'],
  ['tells-anybody-about-tokens', 'tells-only-owners-about-tokens'],
  ['pushes-oddly', 'uses-a-pushed-request-once', 'ends-pushed-requests-in-time'],
  ['keeps-pushed-requests-long', 'uses-a-pushed-request-once', 'ends-pushed-requests-in-time'],
  ['forgets-pushed-requests', 'uses-a-pushed-request-once'],
  ['uses-pushed-requests-often', 'uses-a-pushed-request-once'],
  ['breaks-on-used-pushed-requests', 'uses-a-pushed-request-once'],
  ['lets-browsers-change-pushed-requests', 'binds-a-pushed-request-to-its-client'],
  ['lets-browsers-change-challenges', 'binds-a-pushed-request-to-its-client'],
  ['takes-anything-pushed', 'binds-a-pushed-request-to-its-client'],
  ['gives-pushed-requests-to-any-client', 'binds-a-pushed-request-to-its-client'],
  ['keeps-pushed-requests-for-ever', 'ends-pushed-requests-in-time'],
  ['ignores-proofs', 'takes-only-right-dpop-proofs', 'binds-tokens-to-the-key-that-asked'],
  ['refuses-every-proof', 'takes-only-right-dpop-proofs', 'takes-a-dpop-proof-once', 'refuses-a-bound-token-as-a-bearer-token'],
  ['forgets-proofs', 'takes-a-dpop-proof-once'],
  ['breaks-on-used-proofs', 'takes-a-dpop-proof-once'],
  ['takes-bound-tokens-from-any-bearer', 'refuses-a-bound-token-as-a-bearer-token'],
  ['writes-short-user-codes', 'writes-user-codes-that-nobody-guesses'],
  ['names-no-device-page', 'writes-user-codes-that-nobody-guesses'],
  ['hides-its-device-page', 'writes-user-codes-that-nobody-guesses'],
  ['answers-devices-oddly', 'paces-devices'],
  ['lets-devices-wait-for-ever', 'paces-devices'],
  ['writes-pauses-as-text', 'paces-devices'],
  ['redeems-device-codes-twice', 'redeems-a-device-code-once'],
  ['breaks-on-used-device-codes', 'redeems-a-device-code-once'],
  ['never-approves-devices', 'redeems-a-device-code-once', 'binds-a-device-code-to-its-client'],
  ['gives-device-codes-to-any-client', 'binds-a-device-code-to-its-client'],
  ['ignores-denials', 'tells-a-device-that-it-was-denied'],
]

let good: Report
beforeAll(async () => {
  good = await runAgainst([])
})

test('every module passes, and skips nothing, against an issuer that does everything right', () => {
  expect(good.results.filter(({ verdict }) => verdict !== 'pass').map((one) => renderResult(one))).toEqual([])
  expect(rulesOf(good, 'skip')).toEqual([])
})

test('nor does it blame an issuer that asks for nonces and repeats an answer that may have got lost', async () => {
  const report = await runAgainst(
    ['asks-for-nonces', 'repeats-lost-answers'],
    issuerModules.map(fileNameOf).filter((name) => /proof|bound|key-that-asked|refresh/.test(name)),
  )
  expect(report.results.length).toBeGreaterThan(8)
  expect(report.results.filter(({ verdict }) => verdict !== 'pass').map((one) => renderResult(one))).toEqual([])
})

test('nor one that refuses a nonce without openid: a resource may have scopes of its own alone', async () => {
  await using issuer = await startIssuer()
  const { options } = issuer
  const resource = options.resource && { ...options.resource, scope: 'mail.read' }
  const chosen = issuerModules.filter((one) => fileNameOf(one) === 'refuses-a-bound-token-as-a-bearer-token')
  const report = await runModules(chosen, createTarget({ ...options, ...(resource && { resource }) }), {
    clock: () => new Date(),
  })
  expect(report.results.map((one) => renderResult(one))).toEqual(['pass   issuer: refuses a bound token as a bearer token'])
})

const caught = new Set<string>()

describe('a broken issuer is caught', () => {
  test.each(catches.map(([fault, ...names]) => ({ fault, names })))('$fault', async ({ fault, names }) => {
    const report = await runAgainst([fault], names)
    const blamed = report.results.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')
    expect(blamed.map(({ name }) => name).sort()).toEqual([...names].sort())
    // It answered: what failed is a rule, and not the conversation.
    expect(rulesOf(report, 'fail').filter((rule) => rule.includes('in a form that can be judged'))).toEqual([])
    for (const rule of rulesOf(report, 'fail', 'warn')) caught.add(rule)
  })
})

afterAll(() => caught.clear())

test('at every single rule', () => {
  expect([...new Set(rulesOf(good, 'pass'))].filter((rule) => !caught.has(rule))).toEqual([])
})
