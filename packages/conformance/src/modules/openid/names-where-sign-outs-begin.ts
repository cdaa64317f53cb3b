import { module } from '../../conformance-module.ts'
import { isOnThisMachine } from '../../person/listener.ts'

const CLAUSE = 'OpenID Connect RP-Initiated Logout 1.0 section 2.1'

export default module(
  'issuer',
  'names where sign-outs begin',
  async (target, checks) => {
    const { end_session_endpoint: endpoint } = await target.metadata()
    const expected = 'end_session_endpoint is an address by https'
    if (endpoint === undefined) return checks.skip(CLAUSE, expected, 'the metadata names no end_session_endpoint')
    const url = typeof endpoint === 'string' ? URL.parse(endpoint) : null
    const holds = url !== null && (url.protocol === 'https:' || isOnThisMachine(url.href)) && url.hash === ''
    checks.must(CLAUSE, expected, holds, endpoint)
  },
  { ids: ['oidcc-rp-initiated-logout-discovery-endpoint-verification'] },
)
