import { module } from '../../conformance-module.ts'
import { inGroups, needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'
import { redirectVariants } from '../../issuer-stage/redirect-variants.ts'

const CLAUSE = 'RFC 9700 sections 2.1 and 4.1.3'

/** Each variant is one that some server somewhere has taken for the registered address. */
export default module('issuer', 'compares redirect addresses exactly', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const asked = await inGroups(redirectVariants(client.redirectUri), async ({ address }) => {
    const { url } = await authorizationRequest(target, client, { redirect_uri: address })
    return target.get(url, { accept: 'text/html' })
  })
  for (const [{ what }, answer] of asked) {
    const location = answer.headers.get('location')
    const ended = answer.status >= 400 && answer.status < 500 && location === null
    checks.must(CLAUSE, `an address with ${what} ends on a page of the issuer (400-499)`, ended, location ?? answer)
  }
})
