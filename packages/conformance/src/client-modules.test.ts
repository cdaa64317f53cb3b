/** Mail clients: every rule of every module has a client that breaks it, and is caught. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Finding, fileNameOf } from './conformance-module.ts'
import type { ClientUnderTest } from './known-parties.ts'
import { clientModules } from './modules/client/client.ts'
import { renderResult } from './report/terminal-report.ts'
import { type Report, runModules } from './runner.ts'
import { createTarget } from './target.ts'
import { runBreakableClient } from './testing/breakable-client.ts'
import type { ClientFault } from './testing/client-faults.ts'

/** One client for all: its stage is started once. */
let faults: readonly ClientFault[] = []
let time = new Date('2026-05-04T10:00:00Z').getTime()
const clock = () => new Date(time)
const wait = async (milliseconds: number) => {
  time += milliseconds
}
const clientUnderTest: ClientUnderTest = { run: (setting) => runBreakableClient(setting, faults) }

function runAgainst(broken: readonly ClientFault[], names?: readonly string[]): Promise<Report> {
  faults = broken
  const chosen = clientModules.filter((one) => names === undefined || names.includes(fileNameOf(one)))
  return runModules(chosen, createTarget({ clientUnderTest, clock, wait }), { clock })
}

const rulesOf = ({ results }: Report, ...verdicts: readonly Finding['verdict'][]): readonly string[] =>
  results.flatMap(({ name, findings }) =>
    findings.filter(({ verdict }) => verdicts.includes(verdict)).map(({ expected }) => `${name}: ${expected}`),
  )

const blamed = ({ results }: Report): readonly string[] =>
  results
    .filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')
    .map(({ name }) => name)
    .sort()

const catches: readonly (readonly [faults: string, ...modules: string[]])[] = [
  ['signs-in-nowhere', 'gets-its-mail-from-servers-that-behave', 'finds-the-bearer-challenge-among-others-in-one-line'],
  ['has-no-proof-key', 'uses-a-fresh-proof-key-for-every-sign-in'],
  ['shows-its-proof-key', 'uses-a-fresh-proof-key-for-every-sign-in'],
  ['repeats-its-proof-key', 'uses-a-fresh-proof-key-for-every-sign-in'],
  ['has-a-short-proof-key', 'uses-a-fresh-proof-key-for-every-sign-in'],
  ['repeats-its-state', 'uses-a-fresh-state-and-nonce-for-every-sign-in'],
  ['has-no-nonce', 'uses-a-fresh-state-and-nonce-for-every-sign-in'],
  ['repeats-its-nonce', 'uses-a-fresh-state-and-nonce-for-every-sign-in'],
  ['listens-elsewhere', 'takes-its-answer-where-it-was-registered'],
  ['forgets-where-it-listened', 'takes-its-answer-where-it-was-registered'],
  ['ignores-state', 'refuses-an-answer-without-its-state', 'refuses-an-answer-with-the-state-of-another'],
  [
    'ignores-iss',
    'refuses-an-answer-that-names-another-issuer',
    'refuses-an-answer-without-the-issuer-that-was-promised',
    'keeps-two-issuers-apart',
  ],
  ['ignores-errors', 'stops-when-the-issuer-refuses'],
  ['believes-any-metadata', 'refuses-metadata-of-another-issuer'],
  ['follows-redirects', 'signs-in-nowhere-that-a-redirect-of-metadata-leads-to'],
  ['keeps-metadata-for-ever', 'reads-metadata-anew-when-it-has-expired'],
  ['keeps-metadata-for-ever hammers-dead-endpoints', 'reads-metadata-anew-when-it-has-expired'],
  [
    'reads-the-first-scheme-alone',
    'finds-the-bearer-challenge-among-others-in-one-line',
    'finds-the-bearer-challenge-in-a-line-of-its-own',
    'reads-quoted-text-in-challenges-as-text',
  ],
  ['searches-challenges-for-words', 'reads-quoted-text-in-challenges-as-text', 'signs-in-nowhere-that-nobody-told-it'],
  ['signs-in-anywhere', 'signs-in-nowhere-that-nobody-told-it'],
  ['refreshes-where-the-challenge-says', 'sends-no-refresh-token-where-a-mail-server-says'],
  ['keeps-its-first-refresh-token', 'uses-the-refresh-token-that-it-got-last'],
  ['keeps-its-first-refresh-token ends-on-refused-refreshes', 'uses-the-refresh-token-that-it-got-last'],
  ['repeats-refused-refreshes', 'signs-in-anew-when-its-refresh-token-was-refused'],
  ['ends-on-refused-refreshes', 'signs-in-anew-when-its-refresh-token-was-refused'],
  ['refreshes-for-ever', 'gives-up-on-tokens-that-are-always-refused'],
  ['signs-in-for-ever', 'gives-up-on-tokens-that-are-always-refused'],
  ['never-waits', 'waits-as-long-as-an-overloaded-issuer-says'],
  ['ends-on-overload', 'waits-as-long-as-an-overloaded-issuer-says'],
  ['hammers', 'leaves-a-broken-issuer-in-peace'],
  ['ignores-demands', 'signs-in-more-strongly-when-its-mail-server-asks', 'passes-on-the-claims-that-its-mail-server-asks-for'],
  ['forgets-demands', 'signs-in-more-strongly-when-its-mail-server-asks', 'passes-on-the-claims-that-its-mail-server-asks-for'],
  ['takes-any-kind-of-token', 'takes-no-token-of-another-kind'],
  ['repeats-refused-codes', 'gives-a-refused-code-up'],
  ['checks-no-nonce', 'refuses-an-id-token-with-the-nonce-of-another'],
  ['checks-no-access-token-hash', 'refuses-an-id-token-that-belongs-to-another-access-token'],
  ['checks-no-audience', 'refuses-an-id-token-for-another-client'],
  ['checks-no-authorized-party', 'refuses-an-id-token-that-another-party-may-use'],
  ['checks-no-end', 'refuses-an-id-token-that-has-ended'],
  ['checks-no-issuer-of-id-tokens', 'refuses-an-id-token-of-another-issuer'],
  ['believes-unsigned-id-tokens', 'refuses-an-unsigned-id-token'],
  ['checks-no-signature', 'refuses-an-id-token-that-anyone-else-signed'],
  ['signs-by-names', 'refuses-an-id-token-signed-by-what-everybody-knows'],
  ['polls-at-once', 'polls-as-slowly-as-it-is-told'],
  ['ignores-slow-down', 'polls-as-slowly-as-it-is-told'],
  ['ends-on-pending', 'polls-as-slowly-as-it-is-told'],
  ['polls-on', 'stops-polling-when-it-was-denied'],
  ['puts-tokens-into-addresses', 'writes-no-secret-into-an-address'],
  ['tells-everything', 'shows-its-mail-server-nothing-but-access-tokens'],
  ['falls-back-to-the-password', 'keeps-its-password-once-bearer-is-offered'],
  ['speaks-plain-http', 'redeems-no-code-over-plain-http', 'shows-no-token-over-plain-http'],
  ['takes-its-token-along', 'shows-a-token-only-where-it-is-for'],
  [
    'reports-success-always',
    'gives-a-refused-code-up',
    'gives-up-on-tokens-that-are-always-refused',
    'leaves-a-broken-issuer-in-peace',
    'stops-when-the-issuer-refuses',
    'keeps-two-issuers-apart',
    'signs-in-nowhere-that-nobody-told-it',
    'stops-polling-when-it-was-denied',
    'redeems-no-code-over-plain-http',
  ],
]

let good: Report
beforeAll(async () => {
  good = await runAgainst([])
})

test('every module passes, and skips nothing, with a client that does everything right', () => {
  expect(good.results.filter(({ verdict }) => verdict !== 'pass').map((one) => renderResult(one))).toEqual([])
  expect(rulesOf(good, 'skip')).toEqual([])
})

const caught = new Set<string>()

describe('a broken client is caught', () => {
  test.each(catches.map(([fault, ...names]) => ({ fault, names })))('$fault', async ({ fault, names }) => {
    const report = await runAgainst(fault.split(' ') as ClientFault[], names) // the words of the table
    expect(blamed(report)).toEqual([...names].sort())
    for (const rule of rulesOf(report, 'fail', 'warn')) caught.add(rule)
  })
})

afterAll(() => caught.clear())

test('at every single rule', () => {
  expect([...new Set(rulesOf(good, 'pass'))].filter((rule) => !caught.has(rule))).toEqual([])
})

test('a client that gives up before it signs in passes nothing but where that is right', async () => {
  const report = await runAgainst(['signs-in-nowhere'])
  const passed = report.results.filter(({ verdict }) => verdict === 'pass').map(({ name }) => name)
  expect(passed.sort()).toEqual(['shows-no-token-over-plain-http', 'signs-in-nowhere-that-nobody-told-it'])
  expect(rulesOf(report, 'fail').length).toBeGreaterThan(0)
})
