import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

export default module(
  'issuer',
  'takes authorization requests by POST',
  async (target, checks) => {
    const flow = await walkCodeFlow(target, { browser: freshBrowser(target), byPost: true })
    mustSucceed(checks, 'OpenID Connect Core 1.0 section 3.1.2.1', 'a request that is posted as a form leads to a code', flow)
  },
  { ids: ['oidcc-ensure-post-request-succeeds'], variants: ['form_post'] },
)
