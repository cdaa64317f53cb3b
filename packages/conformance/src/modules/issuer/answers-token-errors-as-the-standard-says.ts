import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'

const ERROR = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/

export default module('issuer', 'answers token errors as the standard says', async (target, checks) => {
  const endpoint = await target.endpoint('token_endpoint')
  const clause = 'RFC 6749 section 5.2'
  const stranger = await target.post(endpoint, [
    ['grant_type', 'authorization_code'],
    ['client_id', randomUUID()],
    ['code', randomUUID()],
    ['redirect_uri', 'https://client.example/'],
  ])
  checks.must(
    clause,
    'an unknown client is an invalid_client',
    stranger.json?.error === 'invalid_client',
    stranger.json?.error ?? stranger,
  )
  checks.must(clause, 'with status 400 or 401', stranger.status === 400 || stranger.status === 401, stranger)

  const basic = Buffer.from(`${randomUUID()}:${randomUUID()}`).toString('base64')
  const refused = await target.post(endpoint, [['grant_type', 'client_credentials']], { authorization: `Basic ${basic}` })
  checks.must(clause, 'a client that failed by Basic hears 401', refused.status === 401, refused)
  const scheme = refused.headers.get('www-authenticate') ?? 'none'
  checks.must(clause, 'and a challenge for Basic', /(^|,)\s*basic\b/i.test(scheme), scheme)

  const malformed = await target.post(endpoint, [])
  for (const answer of [stranger, refused, malformed]) {
    const type = answer.headers.get('content-type') ?? 'none'
    checks.must(clause, 'the answer is JSON', /^application\/json\b/i.test(type) && answer.json !== undefined, type)
    checks.must(clause, 'error is printable ASCII', ERROR.test(String(answer.json?.error ?? '')), answer.json?.error)
    checks.must(clause, 'the answer is a client error', answer.status >= 400 && answer.status < 500, answer)
  }
})
