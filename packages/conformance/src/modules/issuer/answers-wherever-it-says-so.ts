import { module } from '../../conformance-module.ts'
import { inGroups } from '../../issuer-stage/asking.ts'

const CLAUSE = 'RFC 8414 section 2'

export default module('issuer', 'answers wherever it says so', async (target, checks) => {
  const metadata = await target.metadata()
  const named = Object.entries(metadata).flatMap(([name, value]) =>
    (name.endsWith('_endpoint') || name === 'jwks_uri') && typeof value === 'string' ? [[name, value] as const] : [],
  )
  const asked = await inGroups(named, async ([, url]) => {
    if (!URL.canParse(url)) return [0, 0]
    const [get, post] = [await target.get(url), await target.post(url, [])]
    return [get.status, post.status]
  })
  const isSecure = new URL(target.issuer).protocol === 'https:'
  for (const [[name, url], statuses] of asked) {
    // A wrong method, a missing parameter or a missing proof is an answer; an unknown address is none.
    const answers = statuses.some((status) => status !== 0 && status !== 404 && status < 500)
    checks.must(CLAUSE, `${name} answers`, answers, statuses)
    if (isSecure)
      checks.must(CLAUSE, `${name} is https`, URL.parse(url)?.protocol === 'https:', URL.parse(url)?.protocol ?? 'none')
  }
})
