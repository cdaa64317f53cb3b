import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'

const CLAUSE = 'RFC 6749 section 3.3'

/** Scopes are a set, and what a client writes into `state` and `nonce` is its own affair. */
export default module(
  'issuer',
  'takes requests in any order',
  async (target, checks) => {
    const odd = '!"$&\'()*+,-./:;<=>?@[]^_{|}~ %20+\\'
    const { scopes_supported: supported } = await target.metadata()
    const other =
      ['email', 'profile', 'offline_access'].find((one) => Array.isArray(supported) && supported.includes(one)) ?? 'email'
    const change = { scope: `${other} openid`, state: `${odd}state`, nonce: `${odd}nonce` }
    const flow = await walkCodeFlow(target, { change })
    mustSucceed(checks, CLAUSE, 'openid may stand last in scope, and state and nonce hold any printable character', flow)
  },
  { ids: ['oidcc-alternate-happy-flow'], variants: ['form_post'] },
)
