import { module } from '../../conformance-module.ts'
import { findExchangeDocument } from '../../server-to-server/exchange-document.ts'

const CLAUSE = 'server-to-server profile, 2'

/** Readers take the endpoint that says OAuth2, whichever they find first. */
export default module('server-to-server', 'names one place to ask for actor tokens', async (target, checks) => {
  const document = await findExchangeDocument(target, checks)
  if (document === undefined) return
  const places = document.endpoints.filter(({ protocol }) => protocol.toLowerCase() === 'oauth2')
  checks.must(CLAUSE, 'exactly one endpoint says OAuth2', places.length === 1, places.length)
  for (const { location, usage, protocol } of places) {
    const url = URL.parse(location)
    checks.must(CLAUSE, 'it is spelled as readers look for it', protocol === 'OAuth2', protocol)
    checks.must(CLAUSE, 'it is for issuance', usage === 'issuance', usage)
    checks.must(CLAUSE, 'it is a URL without query and fragment', url !== null && `${url.search}${url.hash}` === '', location)
    const origin = new URL(target.issuer).origin
    checks.must(CLAUSE, "it lies on the issuer's own origin", url?.origin === origin, location)
  }
})
