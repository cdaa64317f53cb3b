import { authorizationUrl, codeRequest, findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'

export default module('issuer', 'refuses a foreign redirect address', async (target, checks) => {
  const clause = 'RFC 9700 section 2.1'
  if (!target.client) return checks.skip(clause, 'a known client cannot be led astray', 'clients.public was not given')
  const endpoint = await target.endpoint('authorization_endpoint')
  const registered = new URL(target.client.redirectUri)
  const foreign = [
    'https://stranger.example/landing',
    `https://${registered.hostname}.stranger.example${registered.pathname}`,
    `${target.client.redirectUri}/../elsewhere`,
  ]
  for (const redirectUri of foreign) {
    const answer = await target.get(authorizationUrl(endpoint, { ...codeRequest(target.client), redirect_uri: redirectUri }))
    checks.must(
      clause,
      `the browser is not sent to ${redirectUri}`,
      findRedirect(answer, redirectUri) === undefined,
      answer.headers.get('location'),
    )
    checks.must(clause, `${redirectUri} is refused on a page (400-499)`, answer.status >= 400 && answer.status < 500, answer)
  }
})
