import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'

export default module(
  'issuer',
  'ignores unknown parameters',
  async (target, checks) => {
    const flow = await walkCodeFlow(target, { change: { extra: 'foobar', 'urn:kit:unknown': '1' } })
    mustSucceed(checks, 'RFC 6749 section 3.1', 'parameters that nobody knows make no request fail', flow)
  },
  { ids: ['oidcc-ensure-request-with-unknown-parameter-succeeds'], variants: ['form_post'] },
)
