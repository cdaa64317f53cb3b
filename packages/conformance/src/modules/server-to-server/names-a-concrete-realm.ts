import { module } from '../../conformance-module.ts'
import { findExchangeDocument } from '../../server-to-server/exchange-document.ts'

const CLAUSE = 'server-to-server profile, 3; CVE-2025-55241'

/** Whoever trusts every realm of a service trusts all its neighbours. */
export default module('server-to-server', 'names a concrete realm', async (target, checks) => {
  const document = await findExchangeDocument(target, checks)
  if (document === undefined) return
  const { realm, serviceName, issuer, allowedAudiences } = document
  checks.must(CLAUSE, 'the realm has a name and no wildcard', /^[^@/*\s]+$/.test(realm), realm)
  checks.must(CLAUSE, 'the issuer is serviceName@realm', serviceName !== '' && issuer === `${serviceName}@${realm}`, issuer)
  checks.must(CLAUSE, 'there is an audience', allowedAudiences.length > 0, allowedAudiences)
  for (const audience of allowedAudiences) {
    const [host, ...rest] = audience.startsWith(`${serviceName}/`) ? audience.slice(serviceName.length + 1).split('@') : ['']
    const exact = /^[^/*\s]+$/.test(host ?? '') && rest.length === 1 && rest[0] === realm
    checks.must(CLAUSE, 'an audience is serviceName/host@realm', exact, audience)
  }
})
