import { module } from '../../conformance-module.ts'
import { mustRefuse, needClient } from '../../issuer-stage/asking.ts'
import { newCode, redeem } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 6749 section 4.1.3'

export default module('issuer', 'binds a code to its redirect address', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const addresses: readonly (readonly [string, string | undefined])[] = [
    ['without the address', undefined],
    ['with an empty address', ''],
    ['with a stranger’s address', 'https://stranger.example/landing'],
    ['with a slash behind the address', `${client.redirectUri}/`],
    ['with a query behind the address', `${client.redirectUri}?x=1`],
  ]
  for (const [how, redirectUri] of addresses) {
    const answer = await redeem(target, await newCode(target, client), { change: { redirect_uri: redirectUri } })
    mustRefuse(checks, CLAUSE, { expected: `a code brings nothing ${how}`, answer, errors: ['invalid_grant', 'invalid_request'] })
  }
})
