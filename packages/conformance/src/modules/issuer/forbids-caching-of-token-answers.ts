import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'

export default module('issuer', 'forbids caching of token answers', async (target, checks) => {
  const answer = await target.post(await target.endpoint('token_endpoint'), [
    ['grant_type', 'authorization_code'],
    ['client_id', target.client?.clientId ?? randomUUID()],
    ['code', randomUUID()],
  ])
  const said = answer.headers.get('cache-control') ?? ''
  const clause = 'RFC 6749 section 5.1'
  checks.should(
    clause,
    'even an error says Cache-Control: no-store',
    /(^|,)\s*no-store\b/i.test(said),
    said || 'no Cache-Control',
  )
  checks.must(
    clause,
    'nothing invites a cache',
    !/\b(public|s-maxage|max-age\s*=\s*[1-9])/i.test(said),
    said || 'no Cache-Control',
  )
})
