import { module } from '../../conformance-module.ts'
import { describeDocument } from '../../seen.ts'
import { discoveryUrl, rfc8414Url } from '../../target.ts'

const REQUIRED = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

export default module('issuer', 'names itself exactly in its metadata', async (target, checks) => {
  const metadata = await target.metadata()
  checks.must(
    'OpenID Connect Discovery 1.0 section 4.3',
    `issuer is "${target.issuer}"`,
    metadata.issuer === target.issuer,
    metadata.issuer,
  )
  for (const name of REQUIRED) {
    const value = metadata[name]
    const url = typeof value === 'string' ? URL.parse(value) : null
    checks.must('RFC 8414 section 2', `${name} is a URL without fragment`, url !== null && url.hash === '', value)
  }
  const types = metadata.response_types_supported
  checks.must('RFC 8414 section 2', 'response_types_supported lists code', Array.isArray(types) && types.includes('code'), types)

  const twin = await target.get(rfc8414Url(target.issuer))
  checks.should(
    'RFC 8414 section 3.1',
    `${rfc8414Url(target.issuer)} names the same issuer`,
    twin.json?.issuer === target.issuer,
    twin.json === undefined ? describeDocument(twin) : `issuer ${twin.json.issuer ?? 'absent'}`,
  )
  const answer = await target.get(discoveryUrl(target.issuer))
  const type = answer.headers.get('content-type') ?? 'no content-type'
  checks.must('RFC 8414 section 3.2', 'metadata is application/json', /^application\/json\b/i.test(type), type)
})
