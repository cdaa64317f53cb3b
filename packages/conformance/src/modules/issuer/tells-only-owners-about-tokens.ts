import { module } from '../../conformance-module.ts'
import { ConformanceError } from '../../errors.ts'
import { askAs, needClient } from '../../issuer-stage/asking.ts'
import { newTokens } from '../../issuer-stage/code-flow.ts'

const CLAUSE = 'RFC 7662 sections 2.2 and 4; CVE-2026-37979'

export default module('issuer', 'tells only owners about tokens', async (target, checks) => {
  const own = needClient(target, 'confidential')
  const url = await target.findEndpoint('introspection_endpoint')
  if (url === undefined) return checks.skip(CLAUSE, 'a stranger hears nothing', 'the metadata names no introspection_endpoint')
  const { second } = target.clients
  if (second === undefined) throw new ConformanceError('not_given', 'clients.second was not given')
  const { access, refresh } = await newTokens(target, own)
  for (const [what, token] of [
    ['an access token', access],
    ['a refresh token', refresh],
  ] as const) {
    if (token === undefined) continue
    const answer = await askAs(target, second, { url, fields: { token } })
    const silent =
      JSON.stringify(answer.json) === '{"active":false}' ||
      (answer.status >= 400 && answer.status < 500 && answer.json?.active === undefined)
    checks.must(CLAUSE, `another client hears nothing of ${what}`, silent, `${answer.status} ${Object.keys(answer.json ?? {})}`)
  }
})
