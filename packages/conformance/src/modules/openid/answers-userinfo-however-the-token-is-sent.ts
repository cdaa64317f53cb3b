import { module } from '../../conformance-module.ts'
import { mustSucceed, walkCodeFlow } from '../../person/code-flow.ts'
import type { Answer } from '../../target.ts'

const CLAUSE = 'OpenID Connect Core 1.0 section 5.3'
const WAYS = ['GET with the token in the header', 'POST with the token in the header', 'POST with the token in the body'] as const

export default module(
  'issuer',
  'answers userinfo however the token is sent',
  async (target, checks) => {
    const flow = await walkCodeFlow(target)
    if (!mustSucceed(checks, CLAUSE, 'a person signs in, so that userinfo can be asked', flow)) return
    const url = await target.endpoint('userinfo_endpoint')
    const authorization = `Bearer ${flow.accessToken}`
    const ask: Readonly<Record<(typeof WAYS)[number], () => Promise<Answer>>> = {
      'GET with the token in the header': () => target.get(url, { authorization }),
      'POST with the token in the header': () => target.post(url, [], { authorization }),
      'POST with the token in the body': () => target.post(url, [['access_token', flow.accessToken]]),
    }
    for (const way of WAYS) {
      const { status, headers, json } = await ask[way]()
      const type = headers.get('content-type') ?? ''
      checks.must(CLAUSE, `userinfo answers 200 to ${way}`, status === 200, status)
      if (status !== 200) continue
      checks.must(CLAUSE, `userinfo answers JSON to ${way}`, /^application\/json\b/i.test(type) && json !== undefined, type)
      const isSame = json?.sub === flow.claims.sub
      checks.must(CLAUSE, `userinfo tells the sub of the ID token to ${way}`, isSame, {
        userinfo: json?.sub,
        id_token: flow.claims.sub,
      })
    }
    const stranger = await target.get(url, { authorization: 'Bearer no-token-of-anybody' })
    const says = `${stranger.status} ${stranger.headers.get('www-authenticate') ?? 'without a challenge'}`
    const isRefused = stranger.status === 401 && /^bearer\b/i.test(stranger.headers.get('www-authenticate') ?? '')
    checks.must('RFC 6750 section 3', 'userinfo answers a token of nobody with 401 and a Bearer challenge', isRefused, says)
  },
  { ids: ['oidcc-userinfo-get', 'oidcc-userinfo-post-header', 'oidcc-userinfo-post-body'], variants: ['form_post'] },
)
