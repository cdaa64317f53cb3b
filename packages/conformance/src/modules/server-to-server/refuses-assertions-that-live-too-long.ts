import { module } from '../../conformance-module.ts'
import { findServerStage, mustBeRefused } from '../../server-to-server/server-stage.ts'

const CLAUSE = 'server-to-server profile, 13'

export default module('server-to-server', 'refuses assertions that live too long', async (target, checks) => {
  const stage = await findServerStage(target, checks)
  if (stage === undefined) return
  const at = stage.now()
  const times: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['a life of eleven minutes', { exp: at + 660 }],
    ['a life of twelve minutes that is nearly over', { nbf: at - 660, exp: at + 60 }],
    ['a life of a year', { exp: at + 31_536_000 }],
    ['an assertion that has ended', { nbf: at - 600, exp: at - 300 }],
    ['an assertion of tomorrow', { nbf: at + 86_400, exp: at + 86_700 }],
    ['an end before the beginning', { nbf: at + 20, exp: at + 10 }],
    ['no end', { exp: undefined }],
    ['no beginning', { nbf: undefined }],
    ['an end of null', { exp: null }],
    ['an end in a list', { exp: [at + 300] }],
    ['an end in scientific form', { exp: `${(at + 300) / 1e9}e9` }],
    ['an end in hexadecimal form', { exp: `0x${(at + 300).toString(16)}` }],
    ['an end with a blank', { exp: ` ${at + 300}` }],
    ['an end with a plus', { exp: `+${at + 300}` }],
    ['an end with a fraction', { exp: `${at + 300}.0` }],
    ['a broken number as end', { exp: at + 300.5 }],
    ['a negative beginning', { nbf: -1 }],
    ['milliseconds', { nbf: at * 1000, exp: (at + 300) * 1000 }],
  ]
  for (const [what, change] of times) {
    mustBeRefused(checks, CLAUSE, { what, answer: await stage.ask({ assertion: stage.assertion(change) }) })
  }
})
