/** What mail servers owe, with the kit as issuer: every rule of every module has a server that breaks it, and is caught. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Finding, fileNameOf } from './conformance-module.ts'
import { type LocalIssuer, startLocalIssuer } from './local-issuer/local-issuer.ts'
import { resourceServerModules } from './modules/resource-server/resource-server.ts'
import { renderResult } from './report/terminal-report.ts'
import { type Report, runModules } from './runner.ts'
import { createTarget } from './target.ts'
import { ACTOR, type SharedClock, startMailServer } from './testing/breakable-mail-server.ts'
import type { MailFault } from './testing/breakable-mail-server-faults.ts'

/** What is tried at an issuer's own resource, too: every rule of these is broken in modules.test.ts. */
const OLDER = new Set([
  'challenges-an-empty-bearer-without-an-error',
  'refuses-a-tampered-token',
  'refuses-an-unsigned-token',
  'refuses-a-token-signed-by-anyone-else',
  'accepts-no-token-in-the-address',
  'describes-itself-consistently',
])
const mine = resourceServerModules.filter((one) => !OLDER.has(fileNameOf(one)))

let issuer: LocalIssuer
beforeAll(async () => {
  issuer = await startLocalIssuer({ actor: ACTOR })
})
afterAll(() => issuer[Symbol.asyncDispose]())

async function runAgainst(faults: readonly MailFault[], names?: readonly string[], from = mine): Promise<Report> {
  let seconds = 1_778_000_000
  const clock: SharedClock = {
    now: () => seconds,
    move: (by) => {
      seconds += by
    },
  }
  const date = () => new Date(seconds * 1000)
  const wait = async (milliseconds: number) => clock.move(milliseconds / 1000)
  await using broken = await startMailServer(issuer, clock, ...faults)
  const target = createTarget({ mailServer: broken.known, clock: date, wait })
  const chosen = from.filter((one) => names === undefined || names.includes(fileNameOf(one)))
  expect(chosen.length).toBe(names?.length ?? from.length)
  // Awaited here: the server is closed when this returns.
  return await runModules(chosen, target, { clock: date })
}

const isMissed = ({ verdict }: Finding): boolean => verdict === 'fail' || verdict === 'warn'
/** What modules that show the list say in the very same line of the kit: broken once is broken for all. */
const SHARED = /^(no refusal takes long|a good (token|pair)|no (token|pair) makes|tokens make it|pairs make it)/
/** A rule of a module: what was expected, in which file. */
const rulesOf = (report: Report, chosen: (one: Finding) => boolean): readonly string[] =>
  report.results.flatMap(({ name, findings }) =>
    findings.filter(chosen).map(({ expected }) => (SHARED.test(expected) ? expected : `${name}: ${expected}`)),
  )

const everyClass = mine.map(fileNameOf)
const catches: readonly (readonly [fault: MailFault, ...modules: string[]])[] = [
  ['guards-nothing', 'opens-nothing-without-a-token'],
  [
    'opens-to-anybody',
    ...everyClass.filter((name) =>
      /^(refuses-every|refuses-sig|verifies|takes-keys|reads-|refuses-|tells|knows|holds-what|asks-)/.test(name),
    ),
  ],
  [
    'opens-to-nobody',
    'opens-for-every-good-token-of-its-issuer',
    'refuses-every-algorithm-but-that-of-the-key',
    'asks-for-a-stronger-sign-in',
    'writes-challenges-that-clients-can-read',
  ],
  ['believes-alg-none', 'refuses-every-algorithm-but-that-of-the-key'],
  ['takes-other-algorithms', 'refuses-every-algorithm-but-that-of-the-key'],
  ['ignores-signatures', 'refuses-signatures-that-do-not-hold'],
  ['uses-weak-keys', 'verifies-with-no-weak-key'],
  ['believes-keys-in-tokens', 'takes-keys-from-its-issuer-alone'],
  ['calls-addresses-in-tokens', 'takes-keys-from-its-issuer-alone', 'refuses-tokens-from-others-and-for-others'],
  ['asks-for-keys-for-every-token', 'takes-keys-from-its-issuer-alone', 'learns-new-keys-of-its-issuer'],
  ['reads-sloppy-base64', 'reads-the-compact-form-alone'],
  ['reads-json-loosely', 'reads-json-strictly'],
  ['ignores-the-rest-of-the-header', 'refuses-headers-that-it-does-not-understand', 'takes-keys-from-its-issuer-alone'],
  ['ignores-typ', 'tells-kinds-of-tokens-apart'],
  ['reads-typ-to-the-letter', 'opens-for-every-good-token-of-its-issuer'],
  ['ignores-iss-and-aud', 'refuses-tokens-from-others-and-for-others'],
  ['ignores-times', 'reads-every-time-in-a-token'],
  ['forgives-an-hour', 'reads-every-time-in-a-token'],
  ['ignores-forms-of-claims', 'knows-for-whom-a-token-was-given'],
  ['ignores-bindings', 'holds-what-a-token-is-bound-to'],
  ['takes-clients-for-people', 'tells-kinds-of-tokens-apart'],
  ['ignores-acr-and-age', 'holds-what-a-token-is-bound-to', 'asks-for-a-stronger-sign-in'],
  ['knows-one-algorithm', 'opens-for-every-good-token-of-its-issuer'],
  ['thinks-long', ...everyClass.filter((name) => /^(reads-the|reads-json|refuses-headers)/.test(name))],
  ['breaks-after-a-bad-token', 'reads-the-compact-form-alone'],
  ['never-learns-keys', 'learns-new-keys-of-its-issuer'],
  ['keeps-keys-for-ever', 'forgets-keys-that-its-issuer-withdrew'],
  ['forgets-all-keys', 'learns-new-keys-of-its-issuer', 'forgets-keys-that-its-issuer-withdrew'],
  ['trusts-no-early-key', 'forgets-keys-that-its-issuer-withdrew'],
  ['writes-broken-challenges', 'writes-challenges-that-clients-can-read', 'asks-for-the-scope-that-is-missing'],
  ['challenges-twice', 'writes-challenges-that-clients-can-read'],
  ['repeats-parameters', 'writes-challenges-that-clients-can-read'],
  ['writes-bare-challenges', 'writes-challenges-that-clients-can-read'],
  ['calls-no-token-an-error', 'writes-challenges-that-clients-can-read'],
  ['names-no-error', 'writes-challenges-that-clients-can-read', 'refuses-signatures-that-do-not-hold'],
  ['writes-odd-parameters', 'writes-challenges-that-clients-can-read'],
  ['puts-basic-first', 'writes-challenges-that-clients-can-read'],
  ['reads-bearer-to-the-letter', 'writes-challenges-that-clients-can-read'],
  ['hides-the-scope', 'asks-for-the-scope-that-is-missing'],
  ['refuses-scopes-with-401', 'asks-for-the-scope-that-is-missing', 'knows-for-whom-a-token-was-given'],
  ['refuses-weak-sign-ins-as-bad-tokens', 'asks-for-a-stronger-sign-in', 'holds-what-a-token-is-bound-to'],
  ['hides-what-is-enough', 'asks-for-a-stronger-sign-in'],
  ['names-no-metadata', 'names-its-issuer-in-its-resource-metadata'],
  ['keeps-its-metadata-elsewhere', 'names-its-issuer-in-its-resource-metadata'],
  ['writes-metadata-as-text', 'names-its-issuer-in-its-resource-metadata'],
  ['names-no-resource', 'names-its-issuer-in-its-resource-metadata'],
  ['describes-another-resource', 'names-its-issuer-in-its-resource-metadata'],
  ['names-another-issuer', 'names-its-issuer-in-its-resource-metadata'],
  ['offers-tokens-in-the-address', 'names-its-issuer-in-its-resource-metadata'],
  ['repeats-keys-in-its-metadata', 'names-its-issuer-in-its-resource-metadata'],
  ['takes-tokens-from-anywhere', 'takes-tokens-from-the-authorization-header-alone'],
  ['takes-the-first-of-two', 'takes-one-authorization-header'],
  ['takes-any-of-two', 'takes-one-authorization-header'],
  ['opens-for-passwords', 'opens-nothing-for-a-foreign-password'],
  ['challenges-no-password', 'opens-nothing-for-a-foreign-password'],
  ['offers-basic', 'opens-nothing-for-a-foreign-password'],
  ['writes-odd-diagnostics', 'writes-diagnostics-as-clients-read-them'],
  ['mixes-up-diagnostics', 'writes-diagnostics-as-clients-read-them'],
  ['shows-tokens-in-diagnostics', 'writes-diagnostics-as-clients-read-them'],
  ['writes-long-diagnostics', 'writes-diagnostics-as-clients-read-them'],
  ['lets-everybody-act', ...everyClass.filter((name) => /^(believes|binds|takes-actor|finds|lets|holds-actor)/.test(name))],
  ['lets-nobody-act', 'takes-a-pair-of-tokens-of-an-acting-server', 'believes-no-unsigned-or-foreign-actor'],
  ['compares-hosts-to-the-letter', 'takes-a-pair-of-tokens-of-an-acting-server'],
  ['believes-unsigned-users', 'believes-no-unsigned-or-foreign-actor'],
  ['ignores-who-the-actor-is', 'binds-user-tokens-to-their-actor'],
  ['ignores-for-whom-pairs-are', 'takes-actor-tokens-for-itself-alone'],
  ['finds-people-anywhere', 'finds-people-in-the-realm-of-the-actor-alone'],
  ['ignores-grants', 'lets-servers-act-only-where-granted'],
  ['ignores-times-of-pairs', 'holds-actor-tokens-to-their-time'],
  ['calls-addresses-in-pairs', 'believes-no-unsigned-or-foreign-actor'],
  ['asks-for-documents-for-every-pair', 'believes-no-unsigned-or-foreign-actor'],
]

const broken = new Set<string>()

describe('against a mail server with a fault', () => {
  test.each(catches.map(([fault, ...names]) => ({ fault, names })))('$fault is caught by $names', async ({ fault, names }) => {
    const report = await runAgainst([fault], names)
    for (const rule of rulesOf(report, isMissed)) broken.add(rule)
    const caught = report.results.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn').map(({ name }) => name)
    expect(caught.toSorted()).toEqual([...names].toSorted())
  })
})

test('whoever forgives an hour fails for five minutes, and is warned for one', async () => {
  const { results } = await runAgainst(['forgives-an-hour'], ['reads-every-time-in-a-token'])
  const missed = results.flatMap(({ findings }) => findings.filter(isMissed)).map(({ clause, verdict }) => `${verdict} ${clause}`)
  expect(missed).toEqual(['fail hostile tokens, m99-near', 'warn hostile tokens, m99-nearest', 'fail hostile tokens'])
})

describe('what is tried at resources is tried at a mail server, with a token of the kit', () => {
  const older = resourceServerModules.filter((one) => OLDER.has(fileNameOf(one)))
  const faults: readonly (readonly [fault: MailFault | undefined, ...modules: string[]])[] = [
    [undefined],
    ['calls-no-token-an-error', 'challenges-an-empty-bearer-without-an-error'],
    ['ignores-signatures', 'refuses-a-tampered-token', 'refuses-a-token-signed-by-anyone-else'],
    ['believes-alg-none', 'refuses-an-unsigned-token'],
    ['takes-tokens-from-anywhere', 'accepts-no-token-in-the-address'],
    ['names-another-issuer', 'describes-itself-consistently'],
  ]
  test.each(faults.map(([fault, ...names]) => ({ fault, names })))('$fault is caught by $names', async ({ fault, names }) => {
    const report = await runAgainst(fault === undefined ? [] : [fault], undefined, older)
    expect(report.results.filter(({ verdict }) => verdict !== 'pass').map(({ name }) => name)).toEqual(names)
    expect(report.results.flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === 'skip'))).toEqual([])
  })
})

describe('against a mail server that does everything right', () => {
  let report: Report
  beforeAll(async () => {
    report = await runAgainst([])
  })

  test('a server that guards nothing is called that, in words', async () => {
    const { results } = await runAgainst(
      ['guards-nothing'],
      ['opens-nothing-without-a-token', 'writes-challenges-that-clients-can-read', 'refuses-signatures-that-do-not-hold'],
    )
    expect(results.map(({ findings }) => findings[0]?.seen)).toEqual([
      '200: it opens without any token',
      'the address opens without any token',
      'the address opens without any token',
    ])
  })

  test('every module passes', () => {
    expect(report.results.filter(({ verdict }) => verdict !== 'pass').map((one) => renderResult(one))).toEqual([])
  })

  test('each module says how many tokens it showed, and that all were refused', () => {
    const counted = report.results.flatMap(({ findings }) =>
      findings.map(({ expected, seen }) => [expected, /^(\d+) refused \/ (\d+) presented$/.exec(seen)] as const),
    )
    const sum = (what: string) =>
      counted.reduce(
        (all, [expected, one]) => all + (expected.includes(what) && one?.[1] === one?.[2] ? Number(one?.[1] ?? 0) : 0),
        0,
      )
    expect(sum('every token')).toBeGreaterThanOrEqual(165)
    expect(sum('every pair')).toBeGreaterThanOrEqual(155)
  })

  test('every class from m1 to m130 and A1 to A50 has a finding, or says why it was not shown', () => {
    const clauses = report.results.flatMap(({ findings }) => findings.map(({ clause }) => clause))
    const found = new Set(clauses.map((clause) => /([mA]\d+)(-|\)|$)/.exec(clause)?.[1]))
    const all = [...Array.from({ length: 130 }, (_, at) => `m${at + 1}`), ...Array.from({ length: 50 }, (_, at) => `A${at + 1}`)]
    expect(all.filter((one) => !found.has(one))).toEqual([])
  })

  test('without a mail server everything is skipped, and says so', async () => {
    const nobody = await runModules(mine, createTarget({}), { clock: () => new Date() })
    expect(nobody.results.filter(({ verdict }) => verdict !== 'skip').map(({ name }) => name)).toEqual([])
  })

  test('no rule was never broken', () => {
    const rules = new Set(rulesOf(report, ({ verdict }) => verdict === 'pass'))
    expect([...rules].filter((rule) => !broken.has(rule))).toEqual([])
  })
})
