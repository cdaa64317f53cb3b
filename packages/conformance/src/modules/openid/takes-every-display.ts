import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'

export default module(
  'issuer',
  'takes every display',
  async (target, checks) => {
    for (const display of ['page', 'popup']) {
      const flow = await walkCodeFlow(target, { change: { display } })
      mustSucceed(checks, 'OpenID Connect Core 1.0 section 3.1.2.1', `display=${display} makes no request fail`, flow)
    }
  },
  { ids: ['oidcc-display-page', 'oidcc-display-popup'], variants: ['form_post'] },
)
