/** The OpenID plans: every rule of every module has an issuer that breaks it, and is caught. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type Finding, fileNameOf } from './conformance-module.ts'
import { openidModules } from './modules/openid/openid.ts'
import { renderJson } from './report/json-report.ts'
import { renderResult } from './report/terminal-report.ts'
import { type Report, runModules } from './runner.ts'
import { createTarget, type ResponseMode } from './target.ts'
import type { OpenIdFault } from './testing/openid-issuer/faults.ts'
import { startOpenIdIssuer } from './testing/openid-issuer/issuer.ts'
import { clientsForTarget, PERSON, type WorldOptions } from './testing/openid-issuer/world.ts'

interface Circumstances extends Omit<WorldOptions, 'clock'> {
  readonly responseMode?: ResponseMode
}

/** An address of this machine at which nobody listens yet. */
async function freeAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo // a listening TCP server has an AddressInfo
  await new Promise((done) => server.close(done))
  return `http://127.0.0.1:${port}/sign-out`
}

/** Waiting moves the clock that kit and issuer read. */
async function runAgainst(faults: readonly OpenIdFault[], names?: readonly string[], given: Circumstances = {}): Promise<Report> {
  let waited = 0
  const clock = () => new Date(Date.now() + waited)
  const { responseMode = 'query', ...options } = given
  const backchannelLogoutUri = await freeAddress()
  await using broken = await startOpenIdIssuer(faults, { clock, backchannelLogoutUri, ...options })
  const target = createTarget({
    issuer: broken.issuer,
    clients: clientsForTarget({ backchannelLogoutUri }),
    person: { username: PERSON.username, password: PERSON.password },
    responseMode,
    clock,
    wait: async (milliseconds) => {
      waited += milliseconds
    },
  })
  const chosen = openidModules.filter((one) => names === undefined || names.includes(fileNameOf(one)))
  // Awaited here: the issuer is closed when this returns.
  return await runModules(chosen, target, { clock })
}

const rulesOf = (report: Report, ...verdicts: readonly Finding['verdict'][]) =>
  report.results.flatMap(({ name, findings }) =>
    findings.filter(({ verdict }) => verdicts.includes(verdict)).map(({ expected }) => `${name}: ${expected}`),
  )

const NO_OBJECTS: Circumstances = { followsRequestObjects: false }
const NO_REGISTRATION: Circumstances = { registers: false }

/** What held with and without request objects: every rule that there is. */
const rules = new Set<string>()

describe('an issuer that does everything right passes every OpenID module', () => {
  test.each<{ readonly when: string; readonly given: Circumstances; readonly skipped: number }>([
    { when: 'with everything that there is', given: {}, skipped: 0 },
    { when: 'by form_post', given: { responseMode: 'form_post' }, skipped: 0 },
    { when: 'without request objects', given: NO_OBJECTS, skipped: 1 },
    { when: 'without registration, whose modules say that they were not tried', given: NO_REGISTRATION, skipped: 9 },
    { when: 'that follows no address of a client', given: { looksClientsUp: false }, skipped: 2 },
    { when: 'without claims of a profile', given: { knowsScopes: false }, skipped: 1 },
  ])('$when', async ({ given, skipped }) => {
    const report = await runAgainst([], undefined, given)
    const disturbed = report.results.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'skip')
    expect(disturbed.map((one) => renderResult(one))).toEqual([])
    expect(report.counts.skip).toBe(skipped)
    for (const rule of rulesOf(report, 'pass')) rules.add(rule)
    // How JWTs begin, with `alg`, `typ` or `kid` first. Three letters alone may stand in any random value.
    expect(renderJson(report)).not.toMatch(/eyJ(?:hbGciOi|0eXAiOi|raWQiOi)/)
  })
})

/** Every fault, and modules that must catch it; some disturb others too, which is no matter here. */
const catches: readonly (readonly [fault: OpenIdFault, ...modules: string[]])[] = [
  ['answers-in-the-fragment', 'signs-a-person-in-by-the-code-flow'],
  ['answers-in-the-query-always', 'posts-answers-by-a-form-when-asked'],
  ['answers-userinfo-unsigned', 'signs-userinfo-for-clients-that-registered-for-it'],
  ['asks-again-too-soon', 'keeps-to-max-age'],
  ['asks-for-consent-at-prompt-none', 'answers-prompt-none-without-a-page'],
  ['believes-changed-hints', 'sends-nobody-to-unregistered-addresses-after-signing-out'],
  ['believes-every-sector', 'checks-sectors-of-clients'],
  ['believes-forged-request-objects', 'follows-registered-request-addresses'],
  ['breaks-on-claims-of-id-tokens', 'gives-claims-that-are-asked-for-by-name'],
  ['breaks-on-sign-out', 'signs-out-without-sending-away'],
  ['calls-reuse-a-fault', 'redeems-a-code-once'],
  ['calls-strangers-denied', 'answers-prompt-none-without-a-page'],
  ['demands-a-nonce', 'needs-no-nonce-in-the-code-flow'],
  ['forgets-auth-time', 'keeps-to-max-age', 'gives-claims-that-are-asked-for-by-name'],
  ['forgets-state', 'signs-a-person-in-by-the-code-flow', 'posts-answers-by-a-form-when-asked'],
  ['forgets-state-at-sign-out', 'sends-back-who-signed-out'],
  ['forgets-the-nonce', 'signs-out-without-sending-away'],
  ['forgets-used-codes', 'redeems-a-code-once'],
  ['forgets-what-is-wrong', 'refuses-requests-without-a-response-type'],
  ['forgets-when-on-refresh', 'refreshes-for-the-same-person-and-client'],
  ['forgets-when-secrets-end', 'registers-clients-that-then-sign-people-in'],
  ['forgets-whom-hints-name', 'takes-its-own-id-tokens-as-hints'],
  ['gives-no-refresh-token', 'refreshes-for-the-same-person-and-client'],
  ['gives-somebody-else-a-code', 'asks-again-for-prompt-login', 'answers-prompt-none-without-a-page', 'keeps-to-max-age'],
  ['gives-the-same-access-token', 'refreshes-for-the-same-person-and-client'],
  ['guesses-the-redirect-address', 'sends-nobody-to-unregistered-addresses'],
  ['hides-back-channel-sign-out', 'says-that-it-tells-clients-of-sign-outs'],
  ['hides-userinfo', 'describes-what-openid-discovery-demands'],
  ['hides-what-clients-say', 'shows-what-clients-registered-about-themselves'],
  ['hides-where-sign-outs-begin', 'describes-what-openid-discovery-demands', 'names-where-sign-outs-begin'],
  ['ignores-claims-by-name', 'gives-claims-that-are-asked-for-by-name'],
  ['ignores-hints-at-sign-out', 'sends-nobody-to-unregistered-addresses-after-signing-out'],
  ['ignores-max-age', 'keeps-to-max-age'],
  ['ignores-prompt-login', 'asks-again-for-prompt-login'],
  ['ignores-proof-keys', 'takes-a-proof-key-and-asks-for-it'],
  ['ignores-queries-of-addresses', 'sends-nobody-to-unregistered-addresses'],
  ['ignores-registered-algorithms', 'signs-a-person-in-by-the-code-flow'],
  [
    'ignores-request-objects',
    'follows-registered-request-addresses',
    'follows-request-objects-or-says-that-it-does-not',
    'follows-request-addresses-or-says-that-it-does-not',
  ],
  ['invents-a-nonce', 'needs-no-nonce-in-the-code-flow'],
  ['invents-state-at-sign-out', 'sends-back-who-signed-out'],
  ['keeps-old-keys-of-clients', 'reads-keys-of-clients-anew'],
  ['keeps-the-old-auth-time', 'asks-again-for-prompt-login'],
  ['keeps-tokens-of-a-reused-code', 'redeems-a-code-once'],
  ['lets-posted-answers-be-kept', 'posts-answers-by-a-form-when-asked'],
  ['lets-token-answers-be-kept', 'signs-a-person-in-by-the-code-flow'],
  ['lists-no-claims', 'describes-what-openid-discovery-demands'],
  ['lists-no-code', 'describes-what-openid-discovery-demands'],
  ['lists-no-openid', 'describes-what-openid-discovery-demands'],
  ['lists-no-rs256', 'describes-what-openid-discovery-demands'],
  ['lists-no-subject-type', 'describes-what-openid-discovery-demands'],
  ['logs-out-another-session', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-for-another-client', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-for-another-issuer', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-long-ago', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-nobody', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-unsigned', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-with-a-nonce', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-without-a-number', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['logs-out-without-an-event', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['loses-queries-of-addresses', 'compares-queries-of-registered-addresses'],
  ['names-an-endpoint-that-is-none', 'answers-userinfo-however-the-token-is-sent'],
  ['names-an-endpoint-with-a-fragment', 'describes-what-openid-discovery-demands'],
  ['names-another-issuer-in-answers', 'signs-a-person-in-by-the-code-flow'],
  ['names-another-issuer-in-its-metadata', 'describes-what-openid-discovery-demands'],
  ['names-no-key', 'redeems-a-code-once'],
  ['never-reads-keys-of-clients', 'reads-keys-of-clients-anew'],
  ['never-remembers-anybody', 'answers-prompt-none-without-a-page'],
  ['offers-no-proof-keys', 'takes-a-proof-key-and-asks-for-it'],
  ['omits-acr', 'takes-acr-values'],
  ['omits-claims-of-scopes', 'gives-the-claims-that-scopes-stand-for'],
  ['omits-id-tokens', 'signs-a-person-in-by-the-code-flow'],
  ['posts-answers-by-get', 'posts-answers-by-a-form-when-asked'],
  ['posts-logout-tokens-as-json', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['promises-no-session-number', 'says-that-it-tells-clients-of-sign-outs'],
  ['redeems-codes-again', 'redeems-a-code-once'],
  [
    'redeems-no-code',
    'leaves-id-tokens-unsigned-only-for-clients-that-registered-for-it',
    'answers-userinfo-however-the-token-is-sent',
    'asks-again-for-prompt-login',
    'answers-prompt-none-without-a-page',
    'takes-its-own-id-tokens-as-hints',
    'takes-a-proof-key-and-asks-for-it',
    'sends-nobody-to-unregistered-addresses-after-signing-out',
    'tells-clients-of-sign-outs-by-a-signed-token',
    'registers-clients-that-then-sign-people-in',
    'signs-id-tokens-by-rs256-for-clients-that-registered-for-it',
    'signs-userinfo-for-clients-that-registered-for-it',
    'compares-queries-of-registered-addresses',
  ],
  ['redirects-anywhere', 'sends-nobody-to-unregistered-addresses', 'compares-queries-of-registered-addresses'],
  ['redirects-by-the-address-alone', 'follows-request-objects-or-says-that-it-does-not'],
  ['refreshes-for-another-client', 'refreshes-for-the-same-person-and-client'],
  ['refreshes-for-another-issuer', 'refreshes-for-the-same-person-and-client'],
  ['refreshes-for-another-person', 'refreshes-for-the-same-person-and-client'],
  ['refreshes-for-anybody', 'refreshes-for-the-same-person-and-client'],
  ['refreshes-with-another-azp', 'refreshes-for-the-same-person-and-client'],
  ['refuses-acr-values', 'takes-acr-values'],
  ['refuses-assertions-for-its-name', 'takes-assertions-for-its-own-name'],
  ['refuses-claims-by-name', 'gives-claims-that-are-asked-for-by-name'],
  ['refuses-displays', 'takes-every-display'],
  ['refuses-every-sector', 'checks-sectors-of-clients'],
  ['refuses-everybody', 'signs-a-person-in-by-the-code-flow', 'shows-what-clients-registered-about-themselves'],
  ['refuses-hints', 'takes-its-own-id-tokens-as-hints'],
  ['refuses-locales', 'takes-wishes-of-clients'],
  ['refuses-login-hints', 'takes-wishes-of-clients'],
  ['refuses-max-age-of-sessions', 'keeps-to-max-age'],
  ['refuses-offline-access', 'refreshes-for-the-same-person-and-client'],
  ['refuses-posted-requests', 'takes-authorization-requests-by-post'],
  ['refuses-proof-keys', 'signs-id-tokens-by-a-published-key'],
  ['refuses-scopes', 'gives-the-claims-that-scopes-stand-for'],
  ['refuses-secrets-in-the-form', 'takes-secrets-in-the-form'],
  ['refuses-to-refresh', 'refreshes-for-the-same-person-and-client'],
  ['refuses-to-register', 'leaves-id-tokens-unsigned-only-for-clients-that-registered-for-it'],
  ['refuses-to-sign-in-again', 'asks-again-for-prompt-login', 'keeps-to-max-age'],
  ['refuses-tokens-in-the-body', 'answers-userinfo-however-the-token-is-sent'],
  ['refuses-unknown-parameters', 'ignores-unknown-parameters'],
  ['refuses-userinfo-by-get', 'answers-userinfo-however-the-token-is-sent'],
  ['refuses-userinfo-by-post', 'answers-userinfo-however-the-token-is-sent'],
  ['registers-fragments', 'registers-no-address-with-a-fragment'],
  ['registers-with-200', 'registers-clients-that-then-sign-people-in'],
  [
    'registers-without-an-id',
    'follows-registered-request-addresses',
    'leaves-id-tokens-unsigned-only-for-clients-that-registered-for-it',
    'registers-clients-that-then-sign-people-in',
    'signs-id-tokens-by-rs256-for-clients-that-registered-for-it',
    'signs-userinfo-for-clients-that-registered-for-it',
    'compares-queries-of-registered-addresses',
    'shows-what-clients-registered-about-themselves',
    'reads-keys-of-clients-anew',
  ],
  ['renews-auth-time', 'answers-prompt-none-without-a-page'],
  ['says-nothing-of-wrong-addresses', 'sends-nobody-to-unregistered-addresses'],
  ['sends-anywhere-after-sign-out', 'sends-nobody-to-unregistered-addresses-after-signing-out'],
  ['sends-away-without-a-hint', 'sends-nobody-to-unregistered-addresses-after-signing-out'],
  ['sends-nobody-back', 'sends-back-who-signed-out'],
  ['shows-a-private-key', 'describes-what-openid-discovery-demands'],
  ['shows-pages-for-prompt-none', 'answers-prompt-none-without-a-page'],
  ['signs-by-an-unlisted-algorithm', 'leaves-id-tokens-unsigned-only-for-clients-that-registered-for-it'],
  ['signs-by-an-unpublished-key', 'signs-a-person-in-by-the-code-flow'],
  ['signs-in-tomorrow', 'signs-a-person-in-by-the-code-flow'],
  ['signs-nobody-out', 'signs-out-without-sending-away', 'sends-back-who-signed-out'],
  ['signs-nothing', 'leaves-id-tokens-unsigned-only-for-clients-that-registered-for-it'],
  ['signs-userinfo-for-nobody', 'signs-userinfo-for-clients-that-registered-for-it'],
  ['takes-a-missing-response-type-for-code', 'refuses-requests-without-a-response-type'],
  ['takes-every-secret', 'takes-secrets-in-the-form', 'takes-assertions-for-its-own-name'],
  ['tells-no-client', 'tells-clients-of-sign-outs-by-a-signed-token'],
  [
    'tells-of-another-person',
    'gives-the-claims-that-scopes-stand-for',
    'answers-userinfo-however-the-token-is-sent',
    'refreshes-for-the-same-person-and-client',
    'signs-userinfo-for-clients-that-registered-for-it',
  ],
  ['tells-userinfo-to-everybody', 'answers-userinfo-however-the-token-is-sent'],
  ['types-logout-tokens-as-jwt', 'tells-clients-of-sign-outs-by-a-signed-token'],
  ['waits-for-a-click', 'posts-answers-by-a-form-when-asked'],
  ['wants-openid-first', 'takes-requests-in-any-order'],
  ['writes-a-list-as-text', 'describes-what-openid-discovery-demands'],
  ['writes-an-odd-acr', 'signs-a-person-in-by-the-code-flow'],
  ['writes-an-odd-token-type', 'signs-a-person-in-by-the-code-flow'],
  ['writes-an-old-iat', 'signs-a-person-in-by-the-code-flow'],
  ['writes-another-at-hash', 'sends-back-who-signed-out', 'signs-a-person-in-by-the-code-flow'],
  ['writes-another-aud', 'signs-a-person-in-by-the-code-flow'],
  ['writes-another-azp', 'signs-a-person-in-by-the-code-flow'],
  ['writes-another-c-hash', 'signs-a-person-in-by-the-code-flow'],
  ['writes-another-iss', 'signs-a-person-in-by-the-code-flow'],
  ['writes-expired-id-tokens', 'signs-a-person-in-by-the-code-flow'],
  ['writes-its-metadata-as-text', 'describes-what-openid-discovery-demands'],
  ['writes-lifetimes-as-text', 'signs-a-person-in-by-the-code-flow'],
  ['writes-no-sub', 'signs-a-person-in-by-the-code-flow'],
  ['writes-odd-claims', 'gives-the-claims-that-scopes-stand-for'],
  ['writes-userinfo-as-text', 'answers-userinfo-however-the-token-is-sent'],
]

/** What shows only where request objects are not followed. */
const catchesWithoutObjects: readonly (readonly [fault: OpenIdFault, ...modules: string[]])[] = [
  [
    'breaks-on-request-objects',
    'follows-request-objects-or-says-that-it-does-not',
    'follows-request-addresses-or-says-that-it-does-not',
  ],
  [
    'overlooks-request-objects',
    'follows-request-objects-or-says-that-it-does-not',
    'follows-request-addresses-or-says-that-it-does-not',
  ],
  [
    'names-errors-of-requests-freely',
    'follows-request-objects-or-says-that-it-does-not',
    'follows-request-addresses-or-says-that-it-does-not',
  ],
  ['fetches-request-addresses', 'follows-request-addresses-or-says-that-it-does-not'],
  ['redirects-anywhere', 'follows-request-objects-or-says-that-it-does-not'],
]

const caught = new Set<string>()

describe('a broken OpenID issuer is caught', () => {
  const rows = [
    ...catches.map(([fault, ...names]) => ({ fault, names, given: {}, where: '' })),
    ...catchesWithoutObjects.map(([fault, ...names]) => ({ fault, names, given: NO_OBJECTS, where: ' without request objects' })),
  ]
  test.each(rows)('$fault$where', async ({ fault, names, given }) => {
    const report = await runAgainst([fault], names, given)
    const seen = report.results.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')
    expect(seen.map(({ name }) => name).sort()).toEqual([...names].sort())
    for (const rule of rulesOf(report, 'fail', 'warn')) caught.add(rule)
  })

  test('at every single rule of every module', () => {
    expect(rules.size).toBeGreaterThan(0)
    expect([...rules].filter((rule) => !caught.has(rule))).toEqual([])
  })
})
