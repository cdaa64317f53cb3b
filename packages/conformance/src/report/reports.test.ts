import { describe, expect, test } from 'vitest'
import { createChecks, type Finding } from '../conformance-module.ts'
import type { Exchange } from '../exchanges.ts'
import { shorten } from '../exchanges.ts'
import { modules } from '../modules.ts'
import { judgePlan, missingIds, modulesOfPlan, notTested, plans } from '../plans.ts'
import type { ModuleResult, Report } from '../runner.ts'
import { createTerminal } from '../terminal.ts'
import { renderHtml } from './html-report.ts'
import { renderJunit } from './junit-report.ts'
import { renderPlans, renderProgress, renderSummary } from './terminal-report.ts'

const HOSTILE = `]]>"'<script>alert(1)</script>&amp;\u0000\u0008\u001b\ufffe\ud800 \n\r`

const finding = (verdict: Finding['verdict'], seen = 'that'): Finding => ({
  verdict,
  clause: 'RFC 6749',
  expected: HOSTILE,
  seen,
})

const exchange: Exchange = {
  method: 'GET',
  url: `http://127.0.0.1:1/realm/${HOSTILE}`,
  requestHeaders: { accept: HOSTILE },
  requestBody: HOSTILE,
  status: 200,
  headers: { location: HOSTILE },
  body: HOSTILE,
}

const result = (verdict: ModuleResult['verdict'], about: Partial<ModuleResult> = {}): ModuleResult => ({
  name: `ends-with-${verdict}`,
  area: 'issuer',
  claim: `ends with ${verdict} ${HOSTILE}`,
  responseMode: 'query',
  ids: ['oidcc-server'],
  verdict,
  findings: [finding(verdict, HOSTILE)],
  exchanges: [exchange],
  exchangesOmitted: 2,
  milliseconds: 12,
  ...about,
})

const report = (...results: readonly ModuleResult[]): Report => ({
  issuer: 'http://127.0.0.1:1/realm',
  resource: undefined,
  mailServer: undefined,
  startedAt: new Date('2026-05-04T10:00:00Z'),
  results,
  counts: {
    pass: results.filter(({ verdict }) => verdict === 'pass').length,
    warn: results.filter(({ verdict }) => verdict === 'warn').length,
    fail: results.filter(({ verdict }) => verdict === 'fail').length,
    skip: results.filter(({ verdict }) => verdict === 'skip').length,
  },
})

const everything = report(result('pass'), result('warn'), result('fail'), result('skip', { area: 'client' }))

describe('the JUnit report', () => {
  const xml = renderJunit(everything)

  test('counts by suite and tells failures, skips and warnings apart', () => {
    expect(xml).toMatch(/<testsuites name="conformance" tests="4" failures="1" errors="0" skipped="1" time="0.048">/)
    expect(xml).toMatch(/<testsuite name="client" timestamp="2026-05-04T10:00:00" tests="1" failures="0" errors="0" skipped="1"/)
    expect(xml.match(/<testcase /g)).toHaveLength(4)
    expect(xml.match(/<failure /g)).toHaveLength(1)
    expect(xml.match(/<skipped /g)).toHaveLength(1)
    expect(xml.match(/<system-out>warning: /g)).toHaveLength(1)
  })

  test('holds no markup of the target and nothing that XML forbids', () => {
    expect(xml).not.toMatch(/<script|\]\]>|[\u0000-\u0008\u001b\ufffe]|&amp;amp;amp;/)
    expect(xml.isWellFormed()).toBe(true)
    expect(
      xml.replaceAll(/<\/?(testsuites?|testcase|failure|skipped|system-out|properties|property)\b[^<>]*>|<\?xml[^<>]*\?>/g, ''),
    ).not.toMatch(/[<>]/)
  })
})

describe('the HTML report', () => {
  const html = renderHtml(everything)

  test('holds no markup of the target, no script, and nothing from elsewhere', () => {
    expect(html).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|@import|url\(/i)
    expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'")
    expect([...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].filter(([, to = '']) => !to.startsWith('#'))).toEqual([])
  })

  test('says first what fails, and opens it', () => {
    expect(html).toContain('<h1>1 of 4 modules fails.</h1>')
    expect(html).toMatch(/<span>Expected: .*<\/span><span>Saw: <code>.*<\/code><\/span><\/li>/s)
    expect(html.match(/<details open>/g)).toHaveLength(1)
    expect(html).toContain('and 2 more')
  })

  test.each([
    [[result('pass'), result('pass', { name: 'other' })], 'All 2 modules hold.'],
    [[result('pass'), result('pass', { name: 'ends-with-pass (form_post)' })], 'All 2 runs of 1 module hold.'],
    [[result('pass')], 'The one module holds.'],
    [[result('pass'), result('skip')], 'The one module that could be tried holds.'],
    [[result('skip')], 'Nothing could be tried.'],
    [[], 'Nothing was run.'],
    [[result('pass'), result('warn')], 'All 2 modules hold. 1 warning.'],
    [[result('fail'), result('fail', { name: 'other' })], '2 of 2 modules fail.'],
  ])('sums up in one sentence, %#', (results, sentence) => {
    expect(renderHtml(report(...results))).toContain(`<h1>${sentence}</h1>`)
  })
})

test('a report that is not whole says so in every form', () => {
  const part: Report = { ...everything, interrupted: { by: 'SIGINT', notRun: 7 } }
  expect(renderHtml(part)).toContain('<h1>Interrupted by SIGINT, 7 not run; of 4 modules 1 failed.</h1>')
  expect(renderJunit(part).match(/<property name="interrupted" value="interrupted by SIGINT, 7 not run"\/>/g)).toHaveLength(2)
  expect(renderSummary(part)).toBe('4 modules: 1 passed, 1 with warnings, 1 failed, 1 skipped; interrupted by SIGINT, 7 not run')
})

describe('plans', () => {
  test.each(plans.map((plan) => ({ name: plan.name, plan })))('$name: every id has a module or a reason', ({ plan }) => {
    expect(missingIds(plan, modules)).toEqual([])
    expect(modulesOfPlan(plan, modules).length).toBeGreaterThan(0)
  })

  test('modules name no id that no plan has, and none that is said to be not tested', () => {
    const known = new Set(plans.flatMap(({ ids }) => ids).filter((id) => !(id in notTested)))
    expect(modules.flatMap(({ ids = [] }) => ids).filter((id) => !known.has(id))).toEqual([])
  })

  test('have as many ids as the Foundation lists, none twice', () => {
    expect(plans.map(({ ids }) => [ids.length, new Set(ids).size])).toEqual([38, 1, 38, 11, 2, 23].map((many) => [many, many]))
  })

  test('an id is as bad as the worst module that stands for it, in the plan with that way of answering', () => {
    const [basic, , formPost] = plans
    if (basic === undefined || formPost === undefined) throw new TypeError('the plans are there')
    const results = [
      result('pass'),
      result('skip', { findings: [finding('skip', 'no such thing')] }),
      result('pass', { responseMode: 'form_post' }),
    ]
    expect(judgePlan(basic, results)[0]).toEqual({ id: 'oidcc-server', verdict: 'skip' })
    expect(judgePlan(formPost, results)[0]).toEqual({ id: 'oidcc-server', verdict: 'pass' })
    expect(judgePlan(basic, results)[1]?.verdict).toBe('not run')
    expect(renderPlans(report(...results), [basic, formPost])).toBe(
      '  0 of 38  OpenID Connect Basic (1 skipped, 37 not run)\n           skipped: oidcc-server: no such thing\n  1 of 38  OpenID Connect Form Post (37 not run)',
    )
    const dynamic = plans.filter(({ name }) => name.includes('dynamic'))
    expect(renderPlans(report(...results), dynamic)).toContain(
      'not run: oidcc-server-rotate-keys: nothing that a client can ask makes an issuer rotate its keys',
    )
  })
})

describe('the terminal', () => {
  const output = (isTTY: boolean) => {
    const written: string[] = []
    return { written, out: { isTTY, columns: 40, write: (text: string) => written.push(text) } }
  }

  test('shows a bar that fits, and writes results above it', () => {
    const { written, out } = output(true)
    const terminal = createTerminal(out, { silent: false, verbose: false })
    terminal.progress({ done: 1, total: 2, current: 'a claim that is far too long for this window' })
    terminal.result(result('pass', { claim: 'holds' }))
    terminal.end(['done'])
    const bar = `${'\u2588'.repeat(12)}${'\u2591'.repeat(12)} 1/2  a claim t`
    expect(written[0]).toBe(`\r\u001b[2K${bar}`)
    expect(written[1]?.endsWith(`issuer: holds\n${bar}`)).toBe(true)
    expect(written.at(-1)).toBe('\r\u001b[2Kdone\n')
    expect(renderProgress({ done: 0, total: 0, current: '' }, 80)).toContain('0/0')
  })

  test('writes plain lines into a pipe', () => {
    const { written, out } = output(false)
    const terminal = createTerminal(out, { silent: false, verbose: false })
    terminal.progress({ done: 1, total: 2, current: 'x' })
    terminal.result(result('pass', { claim: 'holds' }))
    expect(written).toEqual(['pass   issuer: holds\n'])
  })
})

test('what was seen is cut after it was redacted', () => {
  const { checks, findings } = createChecks((text) => text.replaceAll('SECRET-VALUE', '[redacted]'))
  checks.must('RFC 6749', 'nothing leaks', false, `${'x '.repeat(146)}SECRET-VALUE`)
  expect(findings[0]?.seen).not.toContain('SECRET')
})

test('control characters are told as such', () => {
  expect(shorten('a\u0007b\u009bc\nd')).toBe('a\ufffdb\ufffdc\nd')
})
