import { module } from '../../conformance-module.ts'
import { isOnThisMachine } from '../../person/listener.ts'
import { describeDocument } from '../../seen.ts'
import type { Answer } from '../../target.ts'
import { discoveryUrl } from '../../target.ts'

const CLAUSE = 'OpenID Connect Discovery 1.0 section 3'
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const LISTS = [
  'scopes_supported',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'token_endpoint_auth_methods_supported',
  'claims_supported',
] as const

function isEndpoint(value: unknown): boolean {
  const url = typeof value === 'string' ? URL.parse(value) : null
  return url !== null && (url.protocol === 'https:' || isOnThisMachine(url.href)) && url.hash === ''
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')

const keysOf = (answer: Answer): readonly unknown[] => (Array.isArray(answer.json?.keys) ? answer.json.keys : [])

const hasPrivatePart = (key: unknown): boolean => typeof key === 'object' && key !== null && PRIVATE.some((name) => name in key)

export default module(
  'issuer',
  'describes what OpenID Discovery demands',
  async (target, checks) => {
    const answer = await target.get(discoveryUrl(target.issuer))
    const document = answer.json ?? {}
    const type = answer.headers.get('content-type') ?? ''
    checks.must(
      'OpenID Connect Discovery 1.0 section 4.2',
      'the document is JSON with 200',
      answer.status === 200 && /^application\/json\b/i.test(type),
      describeDocument(answer),
    )
    const { issuer, scopes_supported: scopes, response_types_supported: responses } = document
    checks.must(
      'OpenID Connect Discovery 1.0 section 4.3',
      'issuer is the identifier, letter for letter',
      issuer === target.issuer,
      issuer,
    )
    const { authorization_endpoint: authorization, token_endpoint: token, jwks_uri: keysAt } = document
    const demanded = [authorization, token, keysAt]
    checks.must(
      CLAUSE,
      'authorization_endpoint, token_endpoint and jwks_uri are addresses by https',
      demanded.every(isEndpoint),
      demanded,
    )
    const { userinfo_endpoint: userinfo, registration_endpoint: registration, end_session_endpoint: end } = document
    const others = [userinfo, registration, end].filter((one) => one !== undefined)
    checks.must(
      CLAUSE,
      'so are those of userinfo, registration and sign-out, if they are there',
      others.every(isEndpoint),
      others,
    )
    const odd = LISTS.filter((name) => document[name] !== undefined && !isTexts(document[name]))
    checks.must(CLAUSE, 'every list is a list of texts', odd.length === 0, odd)
    checks.must(CLAUSE, 'response_types_supported has code', isTexts(responses) && responses.includes('code'), responses)
    const { subject_types_supported: subjects, id_token_signing_alg_values_supported: algorithms } = document
    const isKnown = isTexts(subjects) && subjects.length > 0 && subjects.every((one) => one === 'public' || one === 'pairwise')
    checks.must(CLAUSE, 'subject_types_supported has public or pairwise', isKnown, subjects)
    checks.must(
      CLAUSE,
      'id_token_signing_alg_values_supported has RS256',
      isTexts(algorithms) && algorithms.includes('RS256'),
      algorithms,
    )
    checks.must(
      CLAUSE,
      'scopes_supported, if it is there, has openid',
      scopes === undefined || (isTexts(scopes) && scopes.includes('openid')),
      scopes,
    )
    checks.should(CLAUSE, 'claims_supported lists claims', isTexts(document.claims_supported), document.claims_supported)
    checks.should(CLAUSE, 'userinfo_endpoint is there', document.userinfo_endpoint !== undefined, document.userinfo_endpoint)
    if (!isEndpoint(document.jwks_uri)) return
    const keys = keysOf(await target.get(String(document.jwks_uri)))
    checks.must(
      CLAUSE,
      'jwks_uri gives keys, none of them with a private part',
      keys.length > 0 && !keys.some(hasPrivatePart),
      `${keys.length} keys`,
    )
  },
  { ids: ['oidcc-discovery-endpoint-verification'] },
)
