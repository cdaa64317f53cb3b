import { randomUUID } from 'node:crypto'
import { authorizationUrl, codeRequest, findRedirect } from '../../authorization-request.ts'
import { module } from '../../conformance-module.ts'

export default module('issuer', 'refuses an unknown client without redirecting', async (target, checks) => {
  const stranger = { clientId: randomUUID(), redirectUri: 'https://stranger.example/landing' }
  const endpoint = await target.endpoint('authorization_endpoint')
  const answer = await target.get(authorizationUrl(endpoint, codeRequest(stranger)), { accept: 'text/html' })
  const location = answer.headers.get('location')
  checks.must(
    'RFC 6749 section 4.1.2.1',
    'the browser is not sent to the stranger',
    findRedirect(answer, stranger.redirectUri) === undefined,
    location,
  )
  checks.must(
    'RFC 6749 section 4.1.2.1',
    'the person sees a refusal (400-499)',
    answer.status >= 400 && answer.status < 500,
    answer,
  )
})
