/**
 * The kit as issuer and mail server of Contoso's mail client, each scene as one test, so that a behaviour that breaks is named.
 * Here the client runs in this process and time is moved; `pnpm conformance` starts it as a program, in real time.
 */
import { createTarget, modules, type Report, renderResult, runModules } from '@postern/conformance'
import { walkUnattended } from '@postern/example-contoso/unattended'
import { beforeAll, expect, test } from 'vitest'
import { listSkipped } from './skipped-on-purpose.ts'

const tried = modules.filter(({ area }) => area === 'client')
let time = new Date('2026-05-04T10:00:00Z').getTime()
const clock = () => new Date(time)
const wait = async (milliseconds: number) => {
  time += milliseconds
}

let report: Report

beforeAll(async () => {
  const run = async ({ flow, ...setting }: { readonly flow: string } & Parameters<typeof walkUnattended>[0]) => {
    if (flow !== 'code') return 1
    await walkUnattended({ ...setting, clock })
    return 0
  }
  report = await runModules(tried, createTarget({ clientUnderTest: { run }, clock, wait }), { clock })
})

test.each(tried.map(({ claim }) => ({ claim })))('$claim', ({ claim }) => {
  const result = report.results.find((one) => one.claim === claim)
  const isFine = result !== undefined && (result.verdict === 'pass' || result.verdict === 'skip')
  expect(isFine ? '' : result && renderResult(result)).toBe('')
})

test('nothing is skipped but what is listed with its reason', () => {
  expect(listSkipped(report).filter(({ because }) => because === undefined)).toEqual([])
})
