import { module } from '../../conformance-module.ts'

const CLAUSE = 'OpenID Connect Back-Channel Logout 1.0 section 2.1'

export default module(
  'issuer',
  'says that it tells clients of sign-outs',
  async (target, checks) => {
    const { backchannel_logout_supported: supported, backchannel_logout_session_supported: session } = await target.metadata()
    const isAwaited = Object.values(target.clients).some((client) => client?.backchannelLogoutUri !== undefined)
    if (supported === undefined && !isAwaited)
      return checks.skip(CLAUSE, 'the metadata says so', 'back-channel logout is not offered, and no client awaits it')
    checks.must(
      CLAUSE,
      'backchannel_logout_supported is true where a client awaits logout tokens',
      isAwaited ? supported === true : typeof supported === 'boolean',
      supported,
    )
    checks.must(
      CLAUSE,
      'backchannel_logout_session_supported, if it is there, is true or false',
      session === undefined || typeof session === 'boolean',
      session,
    )
  },
  { ids: ['oidcc-backchannel-logout-discovery-endpoint-verification'] },
)
