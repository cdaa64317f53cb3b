import { module } from '../../conformance-module.ts'
import { needClient } from '../../issuer-stage/asking.ts'
import { authorizationRequest } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 9700 section 2.6'
const ORIGIN = 'https://stranger.example'

export default module('issuer', 'lets no foreign script read its authorization endpoint', async (target, checks) => {
  const client = needClient(target, 'public', 'confidential')
  const { url } = await authorizationRequest(target, client)
  const headers = { origin: ORIGIN, 'access-control-request-method': 'GET' }
  for (const method of ['OPTIONS', 'GET']) {
    const answer = await target.send({ method, url, headers })
    const allowed = answer.headers.get('access-control-allow-origin')
    checks.must(CLAUSE, `the answer to ${method} has no Access-Control-Allow-Origin`, allowed === null, allowed ?? 'none')
  }
})
