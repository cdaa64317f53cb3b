import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

/** Wishes that an issuer may follow or not, but for which it must not fail. */
export default module(
  'issuer',
  'takes wishes of clients',
  async (target, checks) => {
    const hint = await walkCodeFlow(target, {
      browser: freshBrowser(target),
      change: { login_hint: target.person?.username ?? 'somebody' },
    })
    mustSucceed(checks, CLAUSE, 'login_hint makes no sign-in fail', hint)
    const words = await walkCodeFlow(target, { change: { ui_locales: 'se' } })
    mustSucceed(checks, CLAUSE, 'ui_locales makes no request fail', words)
    const claims = await walkCodeFlow(target, { change: { claims_locales: 'se' } })
    mustSucceed(checks, 'OpenID Connect Core 1.0 section 5.2', 'claims_locales makes no request fail', claims)
  },
  { ids: ['oidcc-login-hint', 'oidcc-ui-locales', 'oidcc-claims-locales'], variants: ['form_post'] },
)
