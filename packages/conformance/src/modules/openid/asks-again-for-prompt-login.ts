import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'

export default module(
  'issuer',
  'asks again for prompt login',
  async (target, checks) => {
    const browser = freshBrowser(target)
    const first = await walkCodeFlow(target, { browser })
    if (!mustSucceed(checks, CLAUSE, 'a person signs in for the first time', first)) return
    const before = browser.passwordsTyped
    await target.wait(2000)
    const second = await walkCodeFlow(target, { browser, change: { prompt: 'login' } })
    if (!mustSucceed(checks, CLAUSE, 'prompt=login leads to a code and a valid ID token', second)) return
    checks.must(CLAUSE, 'prompt=login makes a person who is signed in show who it is', browser.passwordsTyped > before, {
      passwords: browser.passwordsTyped - before,
    })
    checks.must(CLAUSE, 'sub stays the same over prompt=login', first.claims.sub === second.claims.sub, second.claims.sub)
    const { auth_time: was } = first.claims
    const { auth_time: is } = second.claims
    checks.must(
      'OpenID Connect Core 1.0 section 2',
      'auth_time, if it is there, is later after prompt=login',
      was === undefined || is === undefined || Number(is) > Number(was),
      { was, is },
    )
  },
  { ids: ['oidcc-prompt-login'], variants: ['form_post'] },
)
