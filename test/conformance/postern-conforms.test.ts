/**
 * The outside view: the conformance kit against the real service, the Exchange-like mail server and a second server that acts
 * for people there, as anybody could run it against theirs. Each module is a test here, so that a behaviour that breaks is named.
 */
import { createTarget, modules, plans, type Report, renderResult, runModules } from '@postern/conformance'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MovedClock, moveClock } from './moved-clock.ts'
import { type PosternStage, startPosternStage } from './postern-stage.ts'
import { listSkipped } from './skipped-on-purpose.ts'

/** What needs a mail server that trusts the kit is tried in mail-servers-conform.test.ts. */
const needsNoMailServer = (says: string) => !/^(a mail_server|mail_server)/.test(says)

const tried = modules.filter(({ area }) => area !== 'client')
const isTwice = (variants: readonly string[] | undefined) => (variants ?? []).length > 0

/** Milliseconds for some thousand requests, half of them signatures, on a machine that does other things as well. */
const WHOLE_RUN = 300_000

let time: MovedClock
let stage: PosternStage
let report: Report

beforeAll(async () => {
  time = moveClock()
  stage = await startPosternStage(time.clock)
  const target = createTarget({ ...stage.target, clock: time.clock, wait: time.wait })
  report = await runModules(tried, target, { clock: time.clock, everyVariant: true })
}, WHOLE_RUN)

afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  time[Symbol.dispose]()
})

test.each(tried.map((one) => ({ claim: one.claim, runs: isTwice(one.variants) ? 2 : 1 })))('$claim', ({ claim, runs }) => {
  const results = report.results.filter((one) => one.claim === claim || one.claim === `${claim}, by form_post`)
  expect(results).toHaveLength(runs)
  const bad = results.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')
  expect(bad.map((one) => renderResult(one))).toEqual([])
})

test('nothing is skipped but what is listed with its reason', () => {
  const undecided = listSkipped(report).filter(({ because, says }) => because === undefined && needsNoMailServer(says))
  expect(undecided).toEqual([])
})

test('the plans of sign-in, form post and sign-out are run in whole', () => {
  const standing = new Set(
    report.results
      .filter(({ verdict }) => verdict === 'pass')
      .flatMap(({ ids, responseMode }) => ids.map((id) => `${responseMode} ${id}`)),
  )
  const missing = plans
    .filter(({ name }) => !name.includes('dynamic'))
    .flatMap(({ ids, responseMode }) => ids.map((id) => `${responseMode} ${id}`))
    .filter((id) => !standing.has(id))
  expect(missing).toEqual([])
})
