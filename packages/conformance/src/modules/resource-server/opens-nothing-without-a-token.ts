import { module } from '../../conformance-module.ts'
import { findGuarded } from '../../presented-token.ts'

/** The one thing to know of a server that guards nothing; what else fails there follows from it. */
export default module('resource-server', 'opens nothing without a token', async (target, checks) => {
  const clause = 'RFC 6750 section 3'
  const expected = 'the address opens for nobody who shows no token'
  const guarded = await findGuarded(target, checks, { clause, expected, needsToken: false })
  if (guarded === undefined) return
  const { status } = await target.get(guarded.url)
  const opens = status >= 200 && status < 300
  checks.must(clause, expected, !opens, opens ? `${status}: it opens without any token` : status)
})
