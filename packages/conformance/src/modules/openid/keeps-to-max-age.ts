import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

export default module(
  'issuer',
  'keeps to max age',
  async (target, checks) => {
    const browser = freshBrowser(target)
    const first = await walkCodeFlow(target, { browser, change: { max_age: '15000' } })
    if (!mustSucceed(checks, CLAUSE, 'a request with max_age leads to a code and an ID token with auth_time', first)) return
    const before = browser.passwordsTyped
    const within = await walkCodeFlow(target, { browser, change: { max_age: '10000' } })
    if (!mustSucceed(checks, CLAUSE, 'a request within max_age leads to a code', within)) return
    checks.must(
      CLAUSE,
      'within max_age nobody is asked again',
      browser.passwordsTyped === before,
      browser.passwordsTyped - before,
    )
    checks.must(
      'OpenID Connect Core 1.0 section 2',
      'auth_time stays the same within max_age',
      within.claims.auth_time === first.claims.auth_time && within.claims.sub === first.claims.sub,
      { was: first.claims.auth_time, is: within.claims.auth_time },
    )
    const later = browser.passwordsTyped
    await target.wait(3000)
    const after = await walkCodeFlow(target, { browser, change: { max_age: '1' } })
    if (!mustSucceed(checks, CLAUSE, 'a request beyond max_age leads to a code', after)) return
    checks.must(
      CLAUSE,
      'beyond max_age the person shows again who it is',
      browser.passwordsTyped > later,
      browser.passwordsTyped - later,
    )
    const { sub, auth_time: authTime } = after.claims
    checks.must(CLAUSE, 'sub stays the same beyond max_age', sub === first.claims.sub, sub)
    checks.must(
      'OpenID Connect Core 1.0 section 2',
      'auth_time is later beyond max_age',
      Number(authTime) > Number(first.claims.auth_time),
      { was: first.claims.auth_time, is: authTime },
    )
  },
  { ids: ['oidcc-max-age-1', 'oidcc-max-age-10000'], variants: ['form_post'] },
)
