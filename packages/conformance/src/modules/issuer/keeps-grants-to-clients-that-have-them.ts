import { module } from '../../conformance-module.ts'
import { askTokenAs, mustRefuse, needClient } from '../../issuer-stage/asking.ts'

const CLAUSE = 'RFC 6749 sections 4.4 and 5.2'

export default module('issuer', 'keeps grants to clients that have them', async (target, checks) => {
  const client = needClient(target, 'public')
  mustRefuse(checks, CLAUSE, {
    expected: 'a public client gets nothing by client_credentials',
    answer: await askTokenAs(target, client, { grant_type: 'client_credentials', scope: client.scope ?? 'openid' }),
    errors: ['unauthorized_client', 'invalid_client', 'unsupported_grant_type', 'invalid_request'],
  })
  mustRefuse(checks, 'RFC 6749 section 5.2', {
    expected: 'a grant that nobody knows is an unsupported_grant_type',
    answer: await askTokenAs(target, client, { grant_type: 'urn:example:kit' }),
    errors: ['unsupported_grant_type'],
  })
})
