/**
 * The kit as issuer: Postern's example of a mail server, and a server that is nothing but the library, trust the kit's own issuer
 * and are shown every hostile token over HTTP. Each module is a test here, so that a behaviour that breaks is named.
 */
import { createTarget, modules, type Report, renderResult, runModules } from '@postern/conformance'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailServerStage, startMailServers } from './mail-server-stage.ts'

const mine = modules.filter(({ area }) => area === 'resource-server')
/** One clock for everybody: whoever waits moves it. */
let time = new Date('2026-05-04T10:00:00Z').getTime()
const clock = () => new Date(time)
const wait = async (milliseconds: number) => {
  time += milliseconds
}

let stage: MailServerStage
const reports = new Map<string, Report>()

beforeAll(async () => {
  stage = await startMailServers(clock)
  const { contoso, library } = stage
  for (const [name, mailServer] of [
    ['contoso', contoso],
    ['the library', library],
  ] as const)
    reports.set(name, await runModules(mine, createTarget({ mailServer, clock, wait }), { clock }))
})

afterAll(() => stage[Symbol.asyncDispose]())

describe.each(['contoso', 'the library'])('%s', (name) => {
  test.each(mine.map((one) => ({ claim: one.claim })))('$claim', ({ claim }) => {
    const result = reports.get(name)?.results.find((one) => one.claim === claim)
    const isFine = result !== undefined && (result.verdict === 'pass' || result.verdict === 'skip')
    expect(isFine ? '' : result && renderResult(result)).toBe('')
  })
})

test('the only hostile tokens that were accepted are none', () => {
  const counted = [...reports.values()].flatMap((report) =>
    report.results.flatMap(({ findings }) => findings.map(({ seen }) => /^(\d+) refused \/ (\d+) presented$/.exec(seen))),
  )
  const sum = (at: 1 | 2) => counted.reduce((all, one) => all + Number(one?.[at] ?? 0), 0)
  expect(sum(1)).toBe(sum(2))
  expect(sum(2)).toBeGreaterThan(400)
})
