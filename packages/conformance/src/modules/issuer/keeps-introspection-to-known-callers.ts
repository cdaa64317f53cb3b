import { randomUUID } from 'node:crypto'
import { module } from '../../conformance-module.ts'

const CLAUSE = 'RFC 7662 section 2.1'

export default module('issuer', 'keeps introspection to known callers', async (target, checks) => {
  const endpoint = (await target.metadata()).introspection_endpoint
  if (typeof endpoint !== 'string')
    return checks.skip(CLAUSE, 'a stranger is refused', 'the metadata names no introspection_endpoint')
  const nobody = await target.post(endpoint, [['token', randomUUID()]])
  checks.must(
    CLAUSE,
    'a caller without credentials is refused',
    nobody.status >= 400 && nobody.status < 500 && nobody.json?.active === undefined,
    nobody,
  )
  const basic = Buffer.from(`${randomUUID()}:${randomUUID()}`).toString('base64')
  const stranger = await target.post(endpoint, [['token', randomUUID()]], { authorization: `Basic ${basic}` })
  checks.must(
    CLAUSE,
    'a caller with wrong credentials hears 401',
    stranger.status === 401 && stranger.json?.active === undefined,
    stranger,
  )
})
