import { findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { atPort } from '../../issuer-stage/redirect-variants.ts'

const CLAUSE = 'RFC 8252 section 7.3'
const EXPECTED = 'any port of a registered loopback address will do'

export default module('issuer', 'lets clients on loopback choose their port', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const { protocol, hostname, port } = new URL(client.redirectUri)
  if (protocol !== 'http:' || !/^(127(\.\d+){3}|\[::1\])$/.test(hostname))
    return checks.skip(CLAUSE, EXPECTED, "the client's address is not http on 127.0.0.1 or [::1]")
  const address = atPort(client.redirectUri, port === '51004' ? '51005' : '51004')
  // prompt=none without a session is answered at once, by redirect.
  const { url } = await authorizationRequest(target, client, { redirect_uri: address, prompt: 'none' })
  const answer = await target.get(url)
  const back = findRedirect(answer, address)
  checks.must(CLAUSE, EXPECTED, back?.has('error') === true, back?.get('error') ?? answer)
})
