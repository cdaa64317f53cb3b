import { module } from '../../conformance-module.ts'
import { mustSucceed, openIdClient, requestCode, walkCodeFlow } from '../../person/code-flow.ts'
import { describeAnswer, parametersOf } from '../../person/person-browser.ts'
import { freshBrowser } from '../../person/signed-in.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 3.1.2.1'
const ERRORS = ['login_required', 'interaction_required']

export default module(
  'issuer',
  'answers prompt none without a page',
  async (target, checks) => {
    const request = await requestCode(target, openIdClient(target), { prompt: 'none' })
    const stranger = await freshBrowser(target).open(request.url)
    const told = parametersOf(stranger)
    checks.must(
      'OpenID Connect Core 1.0 section 3.1.2.6',
      'prompt=none of nobody is answered with login_required, and state as it was sent',
      ERRORS.includes(told.get('error') ?? '') && told.get('state') === request.parameters.get('state') && !told.has('code'),
      describeAnswer(stranger),
    )
    const browser = freshBrowser(target)
    const first = await walkCodeFlow(target, { browser })
    if (!mustSucceed(checks, CLAUSE, 'a person signs in before prompt=none', first)) return
    const visits = browser.trail.length
    const second = await walkCodeFlow(target, { browser, change: { prompt: 'none' } })
    if (!mustSucceed(checks, CLAUSE, 'prompt=none of who is signed in is answered with a code', second)) return
    const { sub, auth_time: authTime } = first.claims
    checks.must(CLAUSE, 'prompt=none gives the same person', second.claims.sub === sub, { was: sub, is: second.claims.sub })
    checks.must(
      'OpenID Connect Core 1.0 section 2',
      'auth_time, if it is there, stays the same over prompt=none',
      second.claims.auth_time === authTime,
      { was: authTime, is: second.claims.auth_time },
    )
    const pages = browser.trail.slice(visits).filter(({ status }) => status === 200)
    const fits = target.responseMode === 'form_post' ? 1 : 0
    checks.must(CLAUSE, 'prompt=none shows the person nothing', pages.length <= fits, pages)
  },
  { ids: ['oidcc-prompt-none-not-logged-in', 'oidcc-prompt-none-logged-in'], variants: ['form_post'] },
)
